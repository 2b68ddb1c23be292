"""The greatest code of each window."""

from dataclasses import dataclass

from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.operands import clamped
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.graph.window import Window


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

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"max pool {self.window.title}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        shape = (*self.window.taps_inside(tensor.shape).shape, tensor.channels)
        return Inference(clamped(self, tensor, shape, self.minimum, self.maximum))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "MaxPool":
        """See `Node.drawn`."""
        low, high = draw.limits(x)
        return cls(
            inputs=(x.name,),
            output=draw.name(),
            window=draw.window(x),
            minimum=low,
            maximum=high,
        )
