"""Products with powers of two: shifts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import C, Cat, Mux, Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.row_chains import Row, row_chains_latency, signed_row, sum_of_products
from bittrue.hdl.costs.costs import Costs, Count
from bittrue.hdl.multipliers.multiplier import WHOLE, Multiplier, Operands, Tops, typed
from bittrue.hdl.multipliers.rows import rows_cost

_SHIFT_LATENCY = 1


@dataclass(frozen=True)
class PowerOfTwoMultiplier(Multiplier):
    """A shift for each product, then a row of tables: the result, turned, on its way into a sum.

    The lowest bits of a weight's code say by how much is shifted, counted from 1 for the least
    weight; 0 stands for a weight of zero. The highest bit is the sign.
    """

    @property
    def name(self) -> str:
        """As users call it."""
        return "power_of_two"

    def check(self, operands: Operands) -> None:
        """Refuse other weights."""
        for value in map(abs, operands.values):
            if value & (value - 1):
                raise UserError(f"a weight is {value}; allowed: powers of two, their negatives, 0")

    def weight_type(self, operands: Operands) -> IntegerType:
        """Return the bits of a shift, and a sign."""
        return IntegerType(_shift_bits(operands) + 1, False)

    def encoded(self, weights: Int64, operands: Operands) -> Int64:
        """Return the codes of weights."""
        magnitude = np.maximum(np.abs(weights), 1)
        shift = np.round(np.log2(magnitude)).astype(np.int64) - _exponents(operands)[0] + 1
        sign = (weights < 0) * (1 << _shift_bits(operands))
        return np.where(weights == 0, 0, shift + sign)

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums."""
        return _SHIFT_LATENCY + row_chains_latency(lanes, 1)

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
        kind, exponents = operands.code, _exponents(operands)
        largest = max(-kind.minimum, kind.maximum) << (len(exponents) - 1)

        def rows(_: Stages, name: str, shifted: Value, negative: Value) -> list[Row]:
            return [signed_row(shifted, negative, largest)]

        sums = []
        for output, row in enumerate(weights):
            prefix = f"{name}_{output}"
            shifted, signs = [], []
            for lane, (code, weight) in enumerate(zip(codes, row, strict=True)):
                number = _shifted(typed(code, kind), weight[:-1], len(exponents))
                shifted.append(pipeline.register(f"{prefix}_shifted{lane}", number))
                signs.append(pipeline.register(f"{prefix}_sign{lane}", weight[-1]))
            total = sum_of_products(pipeline, prefix, shifted, signs, rows, 1)
            sums.append(total << exponents[0])
        return sums

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        count = len(_exponents(operands))
        width = operands.code.width + (not operands.code.signed) + count - 1
        # A table chooses one of four; those of slices join to one of sixteen.
        shifting = width * -(-(count + 1) // 4) if count > 1 else 0
        return rows_cost([width], outputs, lanes) + Costs(shifting * outputs * lanes)


POWER_OF_TWO = PowerOfTwoMultiplier()


def _exponents(operands: Operands) -> range:
    """Return the exponents from that of the least weight to that of the greatest."""
    found = [abs(value).bit_length() - 1 for value in operands.values if value] or [0]
    return range(min(found), max(found) + 1)


def _shift_bits(operands: Operands) -> int:
    return len(_exponents(operands)).bit_length()


def _shifted(number: Value, shift: Value, count: int) -> Value:
    """Return a number times 2**(shift - 1) for shifts of 1 to `count`; nothing for 0."""
    width = len(number) + count - 1
    result: Value = C(0, width)
    sign = number[-1] if number.shape().signed else C(0, 1)
    for place in range(count):
        moved = Cat(C(0, place), number, sign.replicate(count - 1 - place))
        result = Mux(shift == place + 1, moved, result)
    return result.as_signed() if number.shape().signed else result
