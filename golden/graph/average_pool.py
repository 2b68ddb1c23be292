"""The mean of each window."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatorBounds, Inference, Node, only_input
from bittrue.golden.graph.operands import clamped
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.graph.window import Window
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH


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

    absent: ClassVar[Mapping[str, str]] = {
        "onnx": "its averages have a scale of their own, as sums have",
    }

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"average pool {self.window.title}"

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

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "AveragePool":
        """See `Node.drawn`."""
        low, high = draw.limits(x)
        return cls(
            inputs=(x.name,),
            output=draw.name(),
            window=draw.window(x),
            minimum=low,
            maximum=high,
        )
