"""Windows that slide over height and width."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64

Pair = tuple[int, int]

MAXIMUM_WINDOW = 1 << 16


@dataclass(frozen=True)
class Window:
    """A window over the height and width of a tensor of shape (height, width, channels).

    Taps that lie outside the tensor contribute nothing to a sum and are no candidates for a
    maximum. For an affine encoding, that is what padding with the zero point does.

    Parameters
    ----------
    size : (int, int)
        Taps in height and width.
    stride, dilation : (int, int)
        Steps between windows, and between taps of one window.
    padding : ((int, int), (int, int))
        Rows above and below, columns left and right.
    """

    size: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))

    @property
    def has_border(self) -> bool:
        """Whether the image is padded, on any side."""
        return max(sum(self.padding, ())) > 0

    def output_size(self, shape: tuple[int, ...]) -> Pair:
        """Return the height and width of the output for an input of a shape.

        Raises
        ------
        UserError
            If an attribute is out of range or no window fits.
        """
        if len(shape) != 3:
            raise UserError(f"its input has shape {shape}; allowed: (height, width, channels)")
        height, width = (self._output_size(shape, axis) for axis in (0, 1))
        return height, width

    @property
    def taps(self) -> int:
        """Taps of one window."""
        return self.size[0] * self.size[1]

    @property
    def title(self) -> str:
        """Its size, and its steps where they are not 1 or the size itself: ``3x3 /2``."""
        text = f"{self.size[0]}x{self.size[1]}"
        if self.stride not in ((1, 1), self.size):
            rows, columns = self.stride
            text += f" /{rows}" if rows == columns else f" /{rows}x{columns}"
        if self.dilation != (1, 1):
            text += f" dilation {self.dilation[0]}x{self.dilation[1]}"
        return text

    def taps_inside(self, shape: tuple[int, ...]) -> Int64:
        """Return how many taps of each window lie inside the input, shape (height, width).

        Raises
        ------
        UserError
            If a window lies entirely outside.
        """
        rows, columns = (
            self._taps_inside(shape[axis], size, axis)
            for axis, size in enumerate(self.output_size(shape))
        )
        inside = np.outer(rows, columns)
        if not inside.all():
            raise UserError(f"padding is {self.padding}; every window must meet the input")
        return inside

    def _taps_inside(self, size: int, outputs: int, axis: int) -> Int64:
        dilation = self.dilation[axis]
        first = np.arange(outputs) * self.stride[axis] - self.padding[axis][0]
        lowest = np.maximum(-(first // dilation), 0)
        highest = np.minimum((size - 1 - first) // dilation, self.size[axis] - 1)
        return np.maximum(highest - lowest + 1, 0)

    def _output_size(self, shape: tuple[int, ...], axis: int) -> int:
        for name, value, lowest in (
            ("size", self.size[axis], 1),
            ("stride", self.stride[axis], 1),
            ("dilation", self.dilation[axis], 1),
            ("padding", min(self.padding[axis]), 0),
            ("padding", max(self.padding[axis]), 0),
        ):
            if not lowest <= value <= MAXIMUM_WINDOW:
                raise UserError(f"window {name} is {value}; allowed: {lowest} to {MAXIMUM_WINDOW}")
        reach = (self.size[axis] - 1) * self.dilation[axis] + 1
        padded = shape[axis] + sum(self.padding[axis])
        if padded < reach:
            raise UserError(
                f"the window covers {reach} rows or columns; the padded input has {padded}"
            )
        return (padded - reach) // self.stride[axis] + 1
