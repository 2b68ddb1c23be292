"""Equivalence of a pipelined circuit with an expression, decided by an SMT solver.

The circuit is the Verilog that is simulated and synthesised. Its registers are made transparent:
what is left is the function that a full pipeline computes of inputs that stay, and because every
unit proved here is a pipeline without feedback between beats, of each beat. (That beats do not
mix, and that nothing is lost when a stream stalls, is what co-simulation shows.)
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import wiring

from bittrue.flows.formal.yosys import YosysError, run_yosys
from bittrue.golden.errors import ExecutionError
from bittrue.hdl.printer.component_ports import flat_ports, payload_fields
from bittrue.hdl.printer.verilog_output import Design

_SCRIPT = """
read_verilog circuit.v property.v
hierarchy -top property
proc
flatten
setattr -unset init w:*
techmap -map transparent.v
opt -full
check -assert
write_smt2 -stbv -wires property.smt2
"""

_STREAM_PORTS = tuple(f"{end}_{part}" for end in "io" for part in ("valid", "ready", "payload"))

_TRANSPARENT = """
(* techmap_celltype = "$dff $dffe $sdff $sdffe $sdffce" *)
module transparent(input CLK, input EN, input SRST, input [WIDTH-1:0] D, output [WIDTH-1:0] Q);
    parameter WIDTH = 1;
    parameter CLK_POLARITY = 1;
    parameter EN_POLARITY = 1;
    parameter SRST_POLARITY = 1;
    parameter SRST_VALUE = 0;
    assign Q = D;
endmodule
"""


@dataclass(frozen=True)
class Claim:
    """What a circuit's output is said to be.

    Parameters
    ----------
    expected : mapping of str to str
        For fields of the output's payload, the others being left out, a signed Verilog expression
        over the fields of the input's payload. A field is named as in `payload_fields`, dots
        replaced by underscores, and is a signed wire of at least its range.
    fixed : mapping of str to int
        Fields of the input's payload, and plain inputs, that hold a value.
    width : int
        Bits in which the expressions are computed; enough for every value on the way.
    cases : sequence of str
        Fields of the input's payload for each of whose values the solver is asked on its own:
        products with a known factor are easy. Empty to ask once.
    """

    expected: Mapping[str, str]
    fixed: Mapping[str, int] = field(default_factory=dict)
    width: int = 64
    cases: Sequence[str] = ()


@dataclass(frozen=True)
class Proof:
    """What the solver said.

    Attributes
    ----------
    proved : bool
        Whether the circuit equals the claim for every input.
    seconds : float
        How long it took, Yosys included.
    free_bits : int
        Input bits over which the claim was decided.
    counterexample : dict of str to int
        Values of the input fields for which it does not hold; empty if proved.
    """

    proved: bool
    seconds: float
    free_bits: int
    counterexample: dict[str, int]


class FormalError(Exception):
    """The solver gave no answer; the message holds what it said."""


def prove(component: wiring.Component, design: Design, claim: Claim, timeout: int = 300) -> Proof:
    """Decide whether a circuit with streams ``i`` and ``o`` equals a claim.

    Parameters
    ----------
    component : wiring.Component
        Only its ports are looked at.
    design : Design
        Its Verilog.
    claim : Claim
        What to prove.
    timeout : int
        Seconds for the solver, over all cases of the claim.

    Raises
    ------
    ExecutionError
        If the tools are not installed.
    FormalError
        If there is no answer within the timeout, or Yosys refuses the circuit.
    """
    began = time.monotonic()
    shapes = {name: shape for name, _, shape in flat_ports(component)}
    free = {
        f"{_plain(name)}_bits": shape.width
        for name, _, shape in payload_fields(shapes["i_payload"])
        if name not in claim.fixed
    }
    formula = _to_smt(design.verilog, _property(design.top, shapes, claim))
    formula += "(declare-const state |property_s|)\n(assert (not (|property_n equal| state)))\n"
    for name, width in free.items():
        formula += f"(declare-const {name} (_ BitVec {width}))\n"
        formula += f"(assert (= {name} (|property_n {name}| state)))\n"
    cases = [f"{_plain(name)}_bits" for name in claim.cases]
    counterexample = _solve(formula, list(free), cases, timeout)
    return Proof(
        counterexample is None,
        time.monotonic() - began,
        sum(free.values()),
        counterexample or {},
    )


def _to_smt(circuit: str, property_module: str) -> str:
    """Return the property's function as SMT-LIB text."""
    texts = {
        "circuit.v": circuit,
        "property.v": property_module,
        "transparent.v": _TRANSPARENT,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_text(text)
        try:
            run_yosys(Path(folder), _SCRIPT)
        except YosysError as error:
            raise FormalError(str(error)) from None
        return (Path(folder) / "property.smt2").read_text()


def _solve(
    formula: str, inputs: list[str], cases: list[str], timeout: int
) -> dict[str, int] | None:
    """Return values of the inputs that satisfy a formula, or None if there are none.

    The formula is decided for all values of the inputs in `cases` one after the other.
    """
    try:
        import bitwuzla
    except ModuleNotFoundError:
        raise ExecutionError(
            "bitwuzla is missing; get it by: pip install bittrue[formal]"
        ) from None
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    manager = bitwuzla.TermManager()
    parser = bitwuzla.Parser(manager, options)
    parser.parse(formula, True, False)
    solver = parser.bitwuzla()
    terms = {term.symbol(): term for term in parser.get_declared_funs()}
    deadline = time.monotonic() + timeout
    solver.configure_terminator(lambda: time.monotonic() > deadline)
    for values in product(*(range(1 << terms[name].sort().bv_size()) for name in cases)):
        solver.push(1)
        for name, value in zip(cases, values, strict=True):
            constant = manager.mk_bv_value(terms[name].sort(), value)
            # Asserted rather than assumed, so that the solver simplifies with it.
            solver.assert_formula(manager.mk_term(bitwuzla.Kind.EQUAL, [terms[name], constant]))
        match solver.check_sat():
            case bitwuzla.Result.UNSAT:
                solver.pop(1)
            case bitwuzla.Result.SAT:
                return {
                    name.removesuffix("_bits"): int(solver.get_value(terms[name]).value(10))
                    for name in inputs
                }
            case _:
                raise FormalError(f"bitwuzla found no answer within {timeout} s")
    return None


def _property(circuit: str, shapes: Mapping[str, Any], claim: Claim) -> str:
    """Return a module whose output is 1 where the circuit's output is what is claimed."""
    payload, result = shapes["i_payload"], shapes["o_payload"]
    fields = list(payload_fields(payload))
    free = [(name, shape) for name, _, shape in fields if name not in claim.fixed]
    lines = [f"module property({', '.join(_plain(name) + '_bits' for name, _ in free)}, equal);"]
    lines += [f"    input [{shape.width - 1}:0] {_plain(name)}_bits;" for name, shape in free]
    lines += [f"    wire [{Shape.cast(payload).width - 1}:0] payload;"]
    lines += [f"    wire [{Shape.cast(result).width - 1}:0] result;"]
    for name, offset, shape in fields:
        bits = (
            f"{shape.width}'d{claim.fixed[name]}" if name in claim.fixed else f"{_plain(name)}_bits"
        )
        extended = f"$signed({bits})" if shape.signed else f"$signed({{1'b0, {bits}}})"
        lines += [
            f"    assign payload[{offset + shape.width - 1}:{offset}] = {bits};",
            f"    wire signed [{claim.width - 1}:0] {_plain(name)} = {extended};",
        ]
    comparisons: list[str] = []
    for name, offset, shape in payload_fields(result):
        if name not in claim.expected:
            continue
        index = len(comparisons)
        got = f"result[{offset + shape.width - 1}:{offset}]"
        got = f"$signed({got})" if shape.signed else f"$signed({{1'b0, {got}}})"
        lines += [
            f"    wire signed [{claim.width - 1}:0] got_{index} = {got};",
            f"    wire signed [{claim.width - 1}:0] expected_{index} = {claim.expected[name]};",
        ]
        comparisons.append(f"got_{index} == expected_{index}")
    controls = [
        f".{name}({Shape.cast(shape).width}'d{claim.fixed.get(name, 0)})"
        for name, shape in shapes.items()
        if name not in _STREAM_PORTS
    ]
    connections = [
        ".clk(1'b0)",
        ".rst(1'b0)",
        ".i_valid(1'b1)",
        ".i_payload(payload)",
        ".o_ready(1'b1)",
        ".o_payload(result)",
        *controls,
    ]
    lines += [
        "    output equal;",
        f"    assign equal = {' && '.join(comparisons)};",
        f"    {circuit} circuit (",
        ",\n".join(f"        {connection}" for connection in connections),
        "    );",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def _plain(name: str) -> str:
    return name.replace(".", "_")
