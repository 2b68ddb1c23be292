"""Every operand pair in every mode up to 8 x 8 bits: ``python -m cocotb_tests.mac_modes``.

One circuit holds a multiply-accumulate unit for each pair of widths from 2 to 8 and each pair of
signednesses, 196 of them, and all of them see all 65,536 pairs of bytes.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import reduce
from itertools import product
from operator import and_
from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from rich.console import Console

from flows.bench.cosimulation import Cosimulation, Run
from flows.bench.scenario import Scenario, judge
from golden.errors import UserError
from golden.integer_type import IntegerType
from golden.mac_spec import MacSpec, Multiplier
from hdl.mac import Mac
from hdl.shapes import shape_of
from hdl.verilog_output import to_verilog

OUTPUT = Path("sim_build")
WIDTHS = range(2, 9)


def every_mode(multiplier: Multiplier) -> dict[str, MacSpec]:
    """Return a unit of two columns for every mode; the second column multiplies the complement."""
    modes = {}
    for a_width, b_width, a_signed, b_signed in product(WIDTHS, WIDTHS, (0, 1), (0, 1)):
        a, b = IntegerType(a_width, bool(a_signed)), IntegerType(b_width, bool(b_signed))
        modes[f"{a}_{b}"] = MacSpec(a, b, columns=2, length=1, multiplier=multiplier)
    return modes


class MacBank(wiring.Component):
    """Units side by side, each on the low bits of two bytes and of the second's complement."""

    def __init__(self, modes: dict[str, MacSpec]) -> None:
        self.modes = modes
        products = {
            name: data.ArrayLayout(shape_of(spec.sum_type), 2) for name, spec in modes.items()
        }
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout({"a": 8, "b": 8}))),
                "o": Out(stream.Signature(data.StructLayout(products))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ready: list[Value] = []
        valid: list[Value] = []
        for name, spec in self.modes.items():
            m.submodules[name] = unit = Mac(spec)
            a, b = self.i.payload.a, self.i.payload.b
            operands = unit.i.payload
            m.d.comb += [
                operands.a[0][0].eq(a[: spec.a.width]),
                operands.b[0][0].eq(b[: spec.b.width]),
                operands.b[1][0].eq(~b[: spec.b.width]),
                operands.last.eq(1),
                unit.i.valid.eq(self.i.valid & self.i.ready),
                unit.o.ready.eq(self.o.ready & self.o.valid),
                self.o.payload[name].eq(unit.o.payload[0]),
            ]
            ready.append(unit.i.ready)
            valid.append(unit.o.valid)
        m.d.comb += [
            self.i.ready.eq(reduce(and_, ready)),
            self.o.valid.eq(reduce(and_, valid)),
        ]
        return m


def scenario(modes: dict[str, MacSpec]) -> Scenario:
    """Return all pairs of bytes, with products from numpy."""
    a, b = (values.ravel() for values in np.meshgrid(np.arange(256), np.arange(256)))
    expected = {}
    for name, spec in modes.items():
        left = _value(a, spec.a)
        expected[f"{name}.0"] = left * _value(b, spec.b)
        expected[f"{name}.1"] = left * _value(~b, spec.b)
    return Scenario("every pair", Run({"i": {"a": a, "b": b}}, {"o": len(a)}), {"o": expected})


def _value(codes: np.ndarray, kind: IntegerType) -> np.ndarray:
    low = codes & ((1 << kind.width) - 1)
    return np.where(low > kind.maximum, low - (1 << kind.width), low)


def main(argv: Sequence[str] | None = None) -> int:
    """Run every mode of each kind of multiplier; 1 if a product differs."""
    parser = argparse.ArgumentParser(prog="python -m cocotb_tests.mac_modes", description=__doc__)
    parser.add_argument("--multiplier", help=", ".join(kind.value for kind in Multiplier))
    parser.add_argument("--sim", default="verilator")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    try:
        kinds = [Multiplier.parse(arguments.multiplier)] if arguments.multiplier else [*Multiplier]
        passed = True
        for kind in kinds:
            modes = every_mode(kind)
            with console.status(f"{kind.value}: {len(modes)} modes"):
                bank = MacBank(modes)
                design = to_verilog(bank, f"mac_modes_{kind.value}")
                cosimulation = Cosimulation(bank, design, arguments.sim, OUTPUT)
                verdict = judge(cosimulation, [scenario(modes)], 1, OUTPUT / design.top)
            for problem in verdict.problems:
                console.print(problem, style="red", soft_wrap=True)
            console.print(f"{len(modes)} modes, {verdict}", soft_wrap=True)
            passed &= verdict.passed
    except UserError as error:
        print(f"mac_modes: {error}", file=sys.stderr)
        return 2
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
