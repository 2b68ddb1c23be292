"""Images of another size, by interpolation between pixels."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference, only_input
from bittrue.golden.graph.operands import check_operand
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Encoding

MAXIMUM_FRACTION_BITS = 12
"""Of the weight of a row or column: products of 16-bit codes stay within an accumulator."""


@dataclass(frozen=True)
class Interpolation:
    """Between which rows, or columns, each of the output's lies.

    Parameters
    ----------
    first : tuple of int
        For each of the output, the one before it; the other is the next one, if there is one.
    weight : tuple of int
        Of the other, out of ``2**fraction_bits``; 0 where there is none.
    """

    first: tuple[int, ...]
    weight: tuple[int, ...]

    def check(self, length: int, fraction_bits: int, what: str) -> None:
        """Refuse places and weights that a dimension of a length does not have.

        Raises
        ------
        UserError
            Starting with `what`.
        """
        if not self.first or len(self.first) != len(self.weight):
            raise UserError(
                f"{what} have {len(self.first)} places and {len(self.weight)} weights; allowed: "
                "one or more, as many of each"
            )
        one = 1 << fraction_bits
        for place, weight in zip(self.first, self.weight, strict=True):
            if not 0 <= place < length or not 0 <= weight < one:
                raise UserError(
                    f"{what} have place {place} with weight {weight}; allowed: 0 to {length - 1}, "
                    f"and 0 to {one - 1}"
                )
            if weight and place == length - 1:
                raise UserError(
                    f"{what} have weight {weight} behind place {place}, the last one; allowed: 0"
                )


@dataclass(frozen=True, eq=False, kw_only=True)
class ResizeBilinear(AccumulatingNode):
    """Images resized by interpolation between four pixels.

        accumulator[y, x, c] = sum over i, j in {0, 1} of
            value[rows.first[y] + i, columns.first[x] + j, c] * row_weight(i) * column_weight(j)

    where ``row_weight(1)`` is ``rows.weight[y]`` and ``row_weight(0)`` what it lacks of
    ``2**fraction_bits``; columns alike.

    Parameters
    ----------
    rows, columns : Interpolation
        Of each row and column of the output.
    fraction_bits : int
        0 to 12.
    encoding : Encoding
        How codes become values.
    """

    rows: Interpolation
    columns: Interpolation
    fraction_bits: int
    encoding: Encoding = Encoding()

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"resize to {len(self.rows.first)}x{len(self.columns.first)}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if len(tensor.shape) != 3:
            raise UserError(f"its input has shape {tensor.shape}; allowed: 3 dimensions")
        if not 0 <= self.fraction_bits <= MAXIMUM_FRACTION_BITS:
            raise UserError(
                f"fraction_bits is {self.fraction_bits}; allowed: 0 to {MAXIMUM_FRACTION_BITS}"
            )
        check_operand(tensor, self.encoding)
        for axis, (what, along) in enumerate((("rows", self.rows), ("columns", self.columns))):
            along.check(tensor.shape[axis], self.fraction_bits, what)
        ends = self.encoding.decode([tensor.minimum, tensor.maximum])
        ends = np.append(ends, 0) << 2 * self.fraction_bits  # Partial sums reach towards zero.
        shape = (len(self.rows.first), len(self.columns.first), tensor.channels)
        return self._requantized(shape, ends.min(keepdims=True), ends.max(keepdims=True))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "ResizeBilinear":
        """See `Node.drawn`."""
        bits = int(draw.random.integers(0, 11))
        along = []
        for length in x.shape[:2]:
            first = np.sort(draw.random.integers(0, length, int(draw.random.integers(1, 7))))
            weight = draw.random.integers(0, 1 << bits, len(first)) * (first < length - 1)
            along.append(Interpolation(tuple(first.tolist()), tuple(weight.tolist())))
        return cls(
            inputs=(x.name,), output=draw.name(), rows=along[0], columns=along[1],
            fraction_bits=bits, encoding=draw.encoding(x),
        )  # fmt: skip
