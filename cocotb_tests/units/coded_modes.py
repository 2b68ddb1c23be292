"""Every input type of 2 to 8 bits for the units with coded weights, side by side."""

from itertools import product
from typing import Any

import numpy as np
from amaranth.lib import data

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.coded_spec import CodedSpec, WeightCode
from bittrue.hdl.units.coded import CodedDotProduct, LogDotProduct, LutDotProduct, TernaryDotProduct
from cocotb_tests.bench.bank import Bank, grid, scenario, value_of

INPUTS = [IntegerType(width, signed) for width, signed in product(range(2, 9), (False, True))]
EXPONENTS = range(8)
BOOK_WIDTHS = range(1, 7)


def coded_modes() -> tuple[Bank, list[Scenario]]:
    """Return units of one lane, and every input with every weight code.

    Weights: ternary, powers of two up to each exponent to 7, and a codebook of each size with the
    extreme and with random numbers of 8 bits.
    """
    kinds = _kinds()
    units, inputs, weights = {}, {}, {}
    for number, (kind, (unit, code, table)) in product(INPUTS, kinds.items()):
        name = f"{kind}_{number}"
        units[name] = unit(CodedSpec(code, number, lanes=1, length=1))
        inputs[name], weights[name] = number, table

    def feed(name: str, taken: Any, given: data.View) -> list[Any]:
        return [
            taken.input[0].eq(given.input[: inputs[name].width]),
            taken.weight[0].eq(given.weight),
            taken.last.eq(1),
        ]

    bank = Bank(units, {"input": 8, "weight": max(BOOK_WIDTHS)}, feed)
    codes, bytes_ = grid(1 << max(BOOK_WIDTHS), 256)
    products = {
        name: value_of(bytes_, inputs[name]) * table[codes % len(table)]
        for name, table in weights.items()
    }
    return bank, [scenario("every pair", {"input": bytes_, "weight": codes}, products)]


def _kinds() -> dict[str, tuple[type[CodedDotProduct], WeightCode, Int64]]:
    """Return unit, code, and the weight of each code, written down here once more."""
    kinds: dict[str, tuple[type[CodedDotProduct], WeightCode, Int64]] = {
        "ternary": (TernaryDotProduct, WeightCode.ternary(), np.array([0, 1, 0, -1]))
    }
    for largest in EXPONENTS:
        code = WeightCode.power_of_two(largest)
        exponent = np.arange(1 << (code.width - 1))
        positive = np.where(exponent > largest, 0, 1 << exponent)
        kinds[f"log{largest}"] = LogDotProduct, code, np.concatenate([positive, -positive])
    rng = np.random.default_rng(1)
    for width in BOOK_WIDTHS:
        book = rng.integers(-128, 127, 1 << width, endpoint=True)
        book[:2] = -128, 127
        kinds[f"lut{width}"] = LutDotProduct, WeightCode(tuple(map(int, book))), book
    return kinds
