"""The same codes in another shape."""

import math
from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Node):
    """The same codes in the same order under another shape: reshape, flatten, squeeze.

    A transpose that only moves dimensions of size 1 is one too.

    Parameters
    ----------
    shape : tuple of int
        Without the batch dimension.
    """

    shape: tuple[int, ...]

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if math.prod(self.shape) != tensor.elements:
            raise UserError(
                f"shape is {self.shape}; it must hold the {tensor.elements} elements of "
                f"{tensor.shape}"
            )
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, self.shape, tensor.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Reshape":
        """See `Node.drawn`."""
        shape = (x.shape[1], x.shape[0], x.shape[2])
        return cls(inputs=(x.name,), output=draw.name(), shape=shape)
