"""Products of -1 and +1: equal bits, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import C, Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.popcount import ProductCounter
from bittrue.hdl.costs.costs import Costs, Count, rounded_up
from bittrue.hdl.multipliers.multiplier import WHOLE, Multiplier, Operands, Tops


@dataclass(frozen=True)
class XnorMultiplier(Multiplier):
    """XNOR and popcount: the input has one bit, and so have the weights, 0 for -1."""

    counts_matches = True

    @property
    def name(self) -> str:
        """As users call it."""
        return "xnor"

    def check(self, operands: Operands) -> None:
        """Refuse operands of other values than -1 and +1."""
        bits = operands.bipolar and operands.code.width == 1
        if not bits or not set(operands.values) <= {-1, 1}:
            raise UserError(
                f"the input is {operands.code}; XNOR and popcount take one bit, and weights "
                "-1 and +1"
            )

    def weight_type(self, operands: Operands) -> IntegerType:
        """Return a bit."""
        return IntegerType(1, False)

    def encoded(self, weights: Int64, operands: Operands) -> Int64:
        """Return 0 for -1, and 1 for +1 and for outputs that do not exist."""
        return (weights >= 0).astype(weights.dtype)

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to numbers of matches."""
        return _counter(lanes).latency

    def sums(
        self,
        pipeline: Stages,
        name: str,
        operands: Operands,
        weights: Sequence[Sequence[Value]],
        codes: Sequence[Value],
        tops: Tops = WHOLE,
    ) -> list[Value]:
        """Return the number of equal bits of each output."""
        counter = _counter(len(codes))
        return [
            counter.build(pipeline, f"{name}_matches_{output}", codes, row, C(0))
            for output, row in enumerate(weights)
        ]

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        return Costs(rounded_up(1.1 * outputs * lanes) + 8 * outputs)


XNOR = XnorMultiplier()


def _counter(lanes: int) -> ProductCounter:
    return ProductCounter(lanes, 0, lambda a, b: int(a == b))
