"""Nodes that combine codes of one channel: pooling and mean."""

import math
from dataclasses import dataclass

import numpy as np

from golden.errors import UserError
from golden.graph.elementwise import clamped
from golden.graph.node import AccumulatingNode, AccumulatorBounds, Inference, Node, only_input
from golden.graph.tensor import MAXIMUM_CODE_WIDTH, Encoding, Tensor
from golden.graph.window import Window


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Node):
    """Largest code of each window, clamped.

    Parameters
    ----------
    window : Window
    minimum, maximum : int
        Clamp; codes of the input's type.
    """

    window: Window
    minimum: int
    maximum: int

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        shape = (*self.window.taps_inside(tensor.shape).shape, tensor.channels)
        return Inference(clamped(self, tensor, shape, self.minimum, self.maximum))


@dataclass(frozen=True, eq=False, kw_only=True)
class AveragePool(Node):
    """Mean code of each window over the taps inside the input, half away from zero, clamped.

        output = clamp(half_away(sum of codes / number of taps inside))

    TFLite's reference AVERAGE_POOL_2D. The codes themselves are averaged, so input and output
    share their scale and zero point.

    Parameters
    ----------
    window : Window
    minimum, maximum : int
        Clamp; codes of the input's type.
    """

    window: Window
    minimum: int
    maximum: int

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        shape = (*self.window.taps_inside(tensor.shape).shape, tensor.channels)
        if tensor.type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(f"its input is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
        low, high = (
            np.array([self.window.taps * end], dtype=np.int64)
            for end in (min(tensor.minimum, 0), max(tensor.maximum, 0))
        )
        bounds = AccumulatorBounds(low, high)
        return Inference(clamped(self, tensor, shape, self.minimum, self.maximum), bounds)


@dataclass(frozen=True, eq=False, kw_only=True)
class SumPool(AccumulatingNode):
    """Sum of each window, requantized: an average whose division is part of the scale.

        accumulator = sum over the taps inside of value

    Parameters
    ----------
    window : Window
    encoding : Encoding
        How the input's codes become values.
    """

    window: Window
    encoding: Encoding

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        shape = (*self.window.output_size(tensor.shape), tensor.channels)
        bounds = _sum_bounds(tensor, self.encoding, self.window.taps)
        return self._requantized(shape, *bounds)


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(AccumulatingNode):
    """Sum over whole dimensions, requantized: global pooling, and the mean over any axes.

        accumulator = sum over `axes` of value

    Parameters
    ----------
    axes : tuple of int
        Dimensions summed over, ascending, not counting the batch.
    keep_dimensions : bool
        Whether the summed dimensions stay, with size 1.
    encoding : Encoding
        How the input's codes become values.
    """

    axes: tuple[int, ...]
    keep_dimensions: bool
    encoding: Encoding

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        rank = len(tensor.shape)
        if not self.axes or list(self.axes) != sorted(set(self.axes) & set(range(rank))):
            raise UserError(
                f"axes is {self.axes}; allowed: ascending dimensions of {tensor.shape}, counted "
                "from 0"
            )
        kept = (1,) if self.keep_dimensions else ()
        shape = tuple(
            size
            for axis, sizes in enumerate(tensor.shape)
            for size in (kept if axis in self.axes else (sizes,))
        )
        count = math.prod(tensor.shape[axis] for axis in self.axes)
        bounds = _sum_bounds(tensor, self.encoding, count)
        return self._requantized(shape, *bounds)


def _sum_bounds(tensor: Tensor, encoding: Encoding, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of a sum of up to `count` values."""
    if tensor.type.width > MAXIMUM_CODE_WIDTH:
        raise UserError(f"its input is {tensor.type}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
    encoding.check(tensor.type, "the input")
    low, high = encoding.decode([[tensor.minimum], [tensor.maximum]]) * count
    return np.minimum(low, 0), np.maximum(high, 0)
