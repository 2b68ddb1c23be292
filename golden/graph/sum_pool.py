"""The sum of each window."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference, only_input
from bittrue.golden.graph.sums import sum_bounds
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.graph.window import Window
from bittrue.golden.numbers.quantization import Encoding


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

    absent: ClassVar[Mapping[str, str]] = {
        "tflite": "its averages keep the scale of what they average",
    }

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"sum pool {self.window.title}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        shape = (*self.window.output_size(tensor.shape), tensor.channels)
        bounds = sum_bounds(tensor, self.encoding, self.window.taps)
        return self._requantized(shape, *bounds)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "SumPool":
        """See `Node.drawn`."""
        return cls(
            inputs=(x.name,),
            output=draw.name(),
            window=draw.window(x),
            encoding=draw.encoding(x),
        )
