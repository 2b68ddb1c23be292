"""Products with weights of a codebook: tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import C, Cat, Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.popcount import lookup
from bittrue.hdl.blocks.row_chains import (
    ROW_INPUTS,
    Row,
    row_chains_latency,
    sum_of_products,
)
from bittrue.hdl.costs.costs import Costs, Count
from bittrue.hdl.multipliers.multiplier import WHOLE, Multiplier, Operands, Tops
from bittrue.hdl.multipliers.rows import rows_cost

MAXIMUM_WEIGHTS = 1 << (ROW_INPUTS - 1)
"""Different weights, zero included, that leave a table an input for a bit of the code."""


@dataclass(frozen=True)
class CodebookMultiplier(Multiplier):
    """The number of a weight and a digit of the input are the inputs of one table for each bit.

    Weights are stored as numbers in the codebook, which is part of the tables.
    """

    @property
    def name(self) -> str:
        """As users call it."""
        return "codebook"

    def check(self, operands: Operands) -> None:
        """Refuse too many weights."""
        if len(_book(operands)) > MAXIMUM_WEIGHTS:
            raise UserError(
                f"there are {len(_book(operands))} different weights; a codebook has up to "
                f"{MAXIMUM_WEIGHTS}, zero included"
            )

    def weight_type(self, operands: Operands) -> IntegerType:
        """Return the bits of a number in the codebook."""
        return IntegerType(max((len(_book(operands)) - 1).bit_length(), 1), False)

    def encoded(self, weights: Int64, operands: Operands) -> Int64:
        """Return the numbers of weights in the codebook."""
        return np.searchsorted(np.array(_book(operands)), weights)

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums."""
        return row_chains_latency(lanes, len(self._digits(operands)))

    def sums(
        self,
        pipeline: Stages,
        name: str,
        operands: Operands,
        weights: Sequence[Sequence[Value]],
        codes: Sequence[Value],
        tops: Tops = WHOLE,
    ) -> list[Value]:
        """Return the sum of products of each output."""
        digits, book = self._digits(operands), _book(operands)

        def rows(_: Stages, name: str, code: Value, weight: Value) -> list[Row]:
            return [
                _row(code[place.start : place.stop], kind, weight, book)
                for place, kind in digits.items()
            ]

        step = len(next(iter(digits)))
        return [
            sum_of_products(pipeline, f"{name}_{output}", codes, row, rows, step)
            for output, row in enumerate(weights)
        ]

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        book = _book(operands)
        widths = [
            (high - low).bit_length()
            for low, high in (_reach(kind, book) for kind in self._digits(operands).values())
        ]
        return rows_cost(widths, outputs, lanes)

    def _digits(self, operands: Operands) -> dict[range, IntegerType]:
        """Return the bits of each digit of the input, and its type; the top one has the sign."""
        width, each = operands.code.width, ROW_INPUTS - self.weight_type(operands).width
        places = [range(first, min(first + each, width)) for first in range(0, width, each)]
        return {
            place: IntegerType(len(place), operands.code.signed and place.stop == width)
            for place in places
        }


CODEBOOK = CodebookMultiplier()


def _book(operands: Operands) -> list[int]:
    """Return the weights that there are, and zero, ascending."""
    return sorted({*operands.values, 0})


def _reach(kind: IntegerType, book: Sequence[int]) -> tuple[int, int]:
    """Return the least and the greatest product with digits of a type."""
    ends = [weight * end for weight in book for end in (kind.minimum, kind.maximum)]
    return min(ends), max(ends)


def _row(digit: Value, kind: IntegerType, weight: Value, book: Sequence[int]) -> Row:
    """Return the product of a digit with a weight of the codebook, read from tables."""
    low, high = _reach(kind, book)

    def product(*bits: int) -> int:
        number = sum(bit << place for place, bit in enumerate(bits))
        chosen, unsigned = number & ((1 << len(weight)) - 1), number >> len(weight)
        value = unsigned - (1 << kind.width) if unsigned > kind.maximum else unsigned
        return value * book[min(chosen, len(book) - 1)] - low

    width = max((high - low).bit_length(), 1)
    bits = Cat(Cat(*lookup([*weight, *digit], product)), C(0, width))[:width]
    return Row(bits, C(0), bias=-low, minimum=low, maximum=high)
