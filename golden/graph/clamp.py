"""Limits of a code: relu, relu6."""

from dataclasses import dataclass

from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.operands import clamped
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Clamp(Node):
    """Codes limited to a range: relu, relu6, clip.

    Parameters
    ----------
    minimum, maximum : int
        Codes of the input's type.
    """

    minimum: int
    maximum: int

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"clamp {self.minimum} to {self.maximum}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        return Inference(clamped(self, tensor, tensor.shape, self.minimum, self.maximum))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Clamp":
        """See `Node.drawn`."""
        low, high = draw.limits(x)
        return cls(inputs=(x.name,), output=draw.name(), minimum=low, maximum=high)
