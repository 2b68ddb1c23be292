"""Sums and differences of scaled operands."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference
from bittrue.golden.graph.operands import broadcast, check_operand
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.limits import MAXIMUM_MULTIPLIER_WIDTH
from bittrue.golden.numbers.quantization import Encoding
from bittrue.golden.numbers.shifts import half_away, half_up


@dataclass(frozen=True)
class Addend:
    """How one operand of an addition becomes an integer on the common scale.

        half_away(half_up(value * multiplier / 2**half_up_shift) / 2**half_away_shift)

    negated after rounding when subtracted. With both shifts zero it is an exact product. TFLite's
    ``RDBPOT(SRDHM(value << left_shift, M), -e)`` is ``half_up_shift = 31 - left_shift`` and
    ``half_away_shift = -e``.

    Parameters
    ----------
    encoding : Encoding
        How the operand's codes become values.
    multiplier : int
        0 to 2**31 - 1.
    half_up_shift, half_away_shift : int
        0 to 31.
    subtract : bool
        Whether the result is subtracted.
    """

    encoding: Encoding = Encoding()
    multiplier: int = 1
    half_up_shift: int = 0
    half_away_shift: int = 0
    subtract: bool = False

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("multiplier", self.multiplier, (1 << MAXIMUM_MULTIPLIER_WIDTH) - 1),
            ("half_up_shift", self.half_up_shift, MAXIMUM_MULTIPLIER_WIDTH),
            ("half_away_shift", self.half_away_shift, MAXIMUM_MULTIPLIER_WIDTH),
        ):
            if not 0 <= value <= limit:
                raise UserError(f"{name} of an addend is {value}; allowed: 0 to {limit}")

    def evaluate(self, codes: ArrayLike) -> Int64:
        """Return the integers that codes of up to 16 bits add."""
        product = self.encoding.decode(codes) * self.multiplier
        rounded = half_away(half_up(product, self.half_up_shift), self.half_away_shift)
        return -rounded if self.subtract else rounded


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(AccumulatingNode):
    """Sum or difference of tensors, each brought to a common scale first.

        accumulator = sum of addend(operand);  shapes broadcast as in numpy

    Parameters
    ----------
    addends : tuple of Addend
        One for each input.
    """

    addends: tuple[Addend, ...]

    repeats_operands: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return "sub" if any(addend.subtract for addend in self.addends) else "add"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if len(inputs) != len(self.addends) or not inputs:
            raise UserError(f"it has {len(inputs)} inputs and {len(self.addends)} addends")
        low = high = np.zeros(1, dtype=np.int64)
        for tensor, addend in zip(inputs, self.addends, strict=True):
            check_operand(tensor, addend.encoding)
            ends = addend.evaluate([tensor.minimum, tensor.maximum])
            low, high = low + ends.min(), high + ends.max()
        return self._requantized(broadcast(inputs), low, high)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Add | None":
        """See `Node.drawn`."""
        operands = x, draw.operand(x)
        if max(tensor.type.width for tensor in operands) > 9:
            return None
        # As TFLite's: 20 bits to the left, two multipliers of 31 bits.
        addends = [
            Addend(
                draw.encoding(tensor), int(draw.random.integers(1 << 30, 1 << 31)),
                half_up_shift=int(draw.random.integers(8, 20)),
                half_away_shift=int(draw.random.integers(0, 3)),
                subtract=bool(draw.random.integers(2)),
            )
            for tensor in operands
        ]  # fmt: skip
        names = tuple(tensor.name for tensor in operands)
        return cls(inputs=names, output=draw.name(), addends=tuple(addends))


def summed(
    inputs: tuple[str, ...],
    output: str,
    addends: tuple[Addend, ...],
    requantization: Requantization | None = None,
) -> Add:
    """Return the node that adds tensors."""
    return Add(inputs=inputs, output=output, addends=addends, requantization=requantization)
