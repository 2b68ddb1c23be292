"""Every pair of operand types of 2 to 8 bits for a multiply-accumulate unit, side by side."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from amaranth.lib import data

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.hdl.units.mac import Mac
from cocotb_tests.bench.bank import Bank, grid, scenario, value_of

WIDTHS = range(2, 9)


def mac_modes(
    multiplier: Multiplier, widths: Sequence[int] = WIDTHS
) -> tuple[Bank, list[Scenario]]:
    """Return a unit of two columns for every pair of types, and all pairs of operands.

    A unit takes the low bits of both operands; its second column multiplies the complement.
    """
    specs = {}
    for a_width, b_width, a_signed, b_signed in product(widths, widths, (0, 1), (0, 1)):
        a, b = IntegerType(a_width, bool(a_signed)), IntegerType(b_width, bool(b_signed))
        specs[f"{a}_{b}"] = MacSpec(a, b, columns=2, length=1, multiplier=multiplier)

    def feed(name: str, operands: Any, given: data.View) -> list[Any]:
        spec = specs[name]
        return [
            operands.a[0][0].eq(given.a[: spec.a.width]),
            operands.b[0][0].eq(given.b[: spec.b.width]),
            operands.b[1][0].eq(~given.b[: spec.b.width]),
            operands.last.eq(1),
        ]

    bank = Bank({name: Mac(spec) for name, spec in specs.items()}, {"a": 8, "b": 8}, feed)
    left, right = grid(1 << max(widths), 1 << max(widths))
    expected = {}
    for name, spec in specs.items():
        value = value_of(left, spec.a)
        expected[f"{name}.0.0"] = value * value_of(right, spec.b)
        expected[f"{name}.0.1"] = value * value_of(~right, spec.b)
    return bank, [scenario("every pair", {"a": left, "b": right}, expected)]
