"""Products with -1, 0 and +1: the input, its negative, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.row_chains import Row, row_chains_latency, signed_row, sum_of_products
from bittrue.hdl.costs.costs import Costs, Count
from bittrue.hdl.multipliers.multiplier import WHOLE, Multiplier, Operands, Tops, typed
from bittrue.hdl.multipliers.rows import rows_cost


@dataclass(frozen=True)
class TernaryMultiplier(Multiplier):
    """A row of tables for each product: the input, turned or blanked, on its way into a sum.

    A weight's bit 0 says that it is not zero, bit 1 that it is negative.
    """

    @property
    def name(self) -> str:
        """As users call it."""
        return "ternary"

    def check(self, operands: Operands) -> None:
        """Refuse other weights."""
        if not set(operands.values) <= {-1, 0, 1}:
            low, high = operands.values[0], operands.values[-1]
            raise UserError(f"weights are {low} to {high}; ternary products take -1, 0 and +1")

    def weight_type(self, operands: Operands) -> IntegerType:
        """Return two bits."""
        return IntegerType(2, False)

    def encoded(self, weights: Int64, operands: Operands) -> Int64:
        """Return the codes of weights."""
        return np.abs(weights) + 2 * (weights < 0)

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums."""
        return row_chains_latency(lanes, 1)

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
        kind = operands.code
        largest = max(-kind.minimum, kind.maximum)

        def rows(_: Stages, name: str, code: Value, weight: Value) -> list[Row]:
            kept = code & weight[0].replicate(len(code))
            return [signed_row(typed(kept, kind), weight[1], largest)]

        return [
            sum_of_products(pipeline, f"{name}_{output}", codes, row, rows, 1)
            for output, row in enumerate(weights)
        ]

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        width = operands.code.width + (not operands.code.signed)
        return rows_cost([width], outputs, lanes)


TERNARY = TernaryMultiplier()
