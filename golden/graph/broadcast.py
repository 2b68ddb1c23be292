"""Codes repeated along axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Broadcast(Node):
    """The same codes, repeated along dimensions of size 1 and new ones in front, as numpy does.

    Parameters
    ----------
    shape : tuple of int
        Without the batch dimension.
    """

    shape: tuple[int, ...]

    absent: ClassVar[Mapping[str, str]] = {
        "torch": "nodes that combine tensors repeat the smaller ones themselves",
    }

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        missing = len(self.shape) - len(tensor.shape)
        behind = zip(tensor.shape, self.shape[max(missing, 0) :], strict=False)
        if missing < 0 or any(size not in (1, wanted) for size, wanted in behind):
            raise UserError(f"shape is {self.shape}, to which {tensor.shape} does not broadcast")
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, self.shape, tensor.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Broadcast":
        """See `Node.drawn`."""
        shape = (int(draw.random.integers(1, 4)), *x.shape)
        return cls(inputs=(x.name,), output=draw.name(), shape=shape)
