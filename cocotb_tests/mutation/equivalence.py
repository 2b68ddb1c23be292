"""Whether a mutant is equivalent: no sequence of inputs shows a difference at any port."""

import tempfile
from pathlib import Path

from bittrue.flows.formal.reachability import Reachability, never_raised
from bittrue.flows.formal.stream_rules import ports_of, streams_of
from bittrue.hdl.printer.verilog_output import Design
from cocotb_tests.mutation.netlist import SELECT, SELECT_WIDTH, Mutant


def prove_equivalent(design: Design, mutant: Mutant, seconds: float) -> Reachability:
    """Decide whether a mutant equals its circuit for every sequence of inputs, of any length.

    Both see the same inputs, which keep the rules of streams, and are reset first. From then on
    they have to agree on whether they are ready, on what is valid, and on what is valid's payload;
    other outputs have to be the same.

    Parameters
    ----------
    design : Design
        With its mutants, as `mutate` returns it.
    mutant : Mutant
    seconds : float

    Returns
    -------
    Reachability
        Of a difference: proved is equivalent, refuted is that inputs show a difference.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mutated.v").write_text(design.verilog)
        (folder / "miter.v").write_text(_miter(design, mutant))
        reading = "read_verilog mutated.v\nread_verilog miter.v\nhierarchy -check -top miter\n"
        return never_raised(folder, reading, seconds)


def _miter(design: Design, mutant: Mutant) -> str:
    """Return a module whose output rises when a circuit and its mutant differ."""
    ports = ports_of(design.verilog, design.top)
    inputs = {n: width for n, (kind, width) in ports.items() if kind == "input" and n != SELECT}
    outputs = {n: width for n, (kind, width) in ports.items() if kind == "output"}
    ends = {"clk": 1, "rst": 1} | inputs
    lines = [f"module miter({', '.join(f'input [{w - 1}:0] {n}' for n, w in ends.items())},"]
    lines += ["  output raised);"]
    for side, number in (("original", 0), ("mutated", mutant.number)):
        lines += [f"  wire [{width - 1}:0] {side}_{name};" for name, width in outputs.items()]
        connections = [f".{name}({name})" for name in inputs]
        connections += [f".{name}({side}_{name})" for name in outputs]
        connections += [f".{SELECT}({SELECT_WIDTH}'d{number})"]
        lines += [f"  {design.top} {side} ({', '.join(connections)});"]
    lines += ["  reg begun = 0;", "  always @(posedge clk) begun <= 1;"]
    entering, leaving = streams_of(ports)
    assumed = ["(begun || rst)"]
    for name in entering:
        lines += [
            f"  reg waited_{name} = 0;",
            f"  wire waits_{name} = {name}_valid && !original_{name}_ready && !rst;",
            f"  always @(posedge clk) waited_{name} <= waits_{name};",
        ]
        kept = f"{name}_valid"
        if f"{name}_payload" in inputs:
            lines += [
                f"  reg [{inputs[f'{name}_payload'] - 1}:0] kept_{name};",
                f"  always @(posedge clk) kept_{name} <= {name}_payload;",
            ]
            kept += f" && {name}_payload == kept_{name}"
        assumed.append(f"(!waited_{name} || rst || ({kept}))")
    payloads = {f"{stream}_payload": f"{stream}_valid" for stream in leaving}
    same = [
        f"(!original_{payloads[name]} || original_{name} == mutated_{name})"
        if name in payloads
        else f"original_{name} == mutated_{name}"
        for name in outputs
    ]
    lines += [
        f"  wire assumed = {' && '.join(assumed)};",
        "  reg excused = 0;",
        "  always @(posedge clk) excused <= excused || !assumed;",
        f"  assign raised = begun && assumed && !excused && !({' && '.join(same)});",
        "endmodule",
        "",
    ]
    return "\n".join(lines)
