"""The index of the greatest code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.integer_type import IntegerType


@dataclass(frozen=True, eq=False, kw_only=True)
class ArgMax(Node):
    """Index of the largest code along the last dimension, which disappears; the first of equals."""

    gives_indices: ClassVar[bool] = True
    absent: ClassVar[Mapping[str, str]] = {
        "torch": "an index is no real number that could be quantized",
    }

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if not tensor.shape or tensor.channels > 1 << 16:
            raise UserError(f"its input has shape {tensor.shape}; allowed: up to 65536 channels")
        last = tensor.channels - 1
        return Inference(
            Tensor(self.output, tensor.shape[:-1], IntegerType.spanning(0, last), 0, last)
        )

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "ArgMax":
        """See `Node.drawn`."""
        return cls(inputs=(x.name,), output=draw.name())
