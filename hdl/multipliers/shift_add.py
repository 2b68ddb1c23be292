"""Products of two-bit digits, shifted and added."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import C, Cat, Value

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.adder_tree import adder_tree, adder_tree_latency
from bittrue.hdl.blocks.bricks import DIGIT_WIDTH, brick_product, two_bit_digits
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.costs.costs import Costs, Count, rounded_up
from bittrue.hdl.multipliers.multiplier import WHOLE, Operands, PlainMultiplier, Tops

_BRICK_LATENCY = 1


@dataclass(frozen=True)
class ShiftAddMultiplier(PlainMultiplier):
    """The bricks of the unit `hdl.units.shiftadd`, composed once and for all for a layer's bits.

        sum = sum over digits i, j of 4**(i + j) * sum over lanes of code[i] * weight[j]

    Products of equal weight are added over the lanes first, so that little is shifted.
    """

    @property
    def name(self) -> str:
        """As users call it."""
        return "shiftadd"

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums."""
        trees = (lanes, _digits(operands.weight), _digits(operands.code))
        return _BRICK_LATENCY + sum(map(adder_tree_latency, trees))

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
        lanes = [two_bit_digits(code, operands.code) for code in codes]
        sums = []
        for output, row in enumerate(weights):
            factors = [two_bit_digits(weight, operands.weight) for weight in row]
            by_code = []
            for i in range(_digits(operands.code)):
                by_weight = []
                for j in range(_digits(operands.weight)):
                    place = f"{name}_{output}_{i}_{j}"
                    bricks = [
                        _brick(pipeline, f"{place}_brick_{lane}", code[i], weight[j])
                        for lane, (code, weight) in enumerate(zip(lanes, factors, strict=True))
                    ]
                    by_weight.append(adder_tree(pipeline, place, bricks))
                total = adder_tree(pipeline, f"{name}_{output}_{i}", by_weight, DIGIT_WIDTH)
                by_code.append(total)
            sums.append(adder_tree(pipeline, f"{name}_{output}", by_code, DIGIT_WIDTH))
        return sums

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        bricks = _digits(operands.weight) * _digits(operands.code)
        # Four tables or five of a product, and as many to add it.
        return Costs(rounded_up(8.25 * bricks * outputs * lanes))


SHIFT_ADD = ShiftAddMultiplier()


def _digits(kind: IntegerType) -> int:
    """Return how many digits an integer has."""
    return -(-kind.width // DIGIT_WIDTH)


def _brick(
    pipeline: Stages, name: str, one: tuple[Value, bool], other: tuple[Value, bool]
) -> Value:
    """Return the product of two digits; a negative one only where a digit is signed."""
    (x, x_signed), (y, y_signed) = one, other
    product = brick_product(Cat(x, y, C(x_signed, 1), C(y_signed, 1)))
    if not x_signed and not y_signed:
        product = product[:-1]
    return pipeline.register(name, product)
