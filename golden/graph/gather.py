"""Elements taken by number along one dimension."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Node):
    """Elements along a dimension by number, in any order and as often as wanted.

        output[.., k, ..] = input[.., indices[k], ..]

    Parameters
    ----------
    axis : int
        Dimension, from 0, not counting the batch.
    indices : tuple of int
        One or more, each from 0 up to the last element along the dimension.
    """

    axis: int
    indices: tuple[int, ...]

    absent: ClassVar[Mapping[str, str]] = {
        "onnx": "Gather, Slice and Pad make it by way of golden.lowering.movements.rearranged",
        "torch": "what moves values makes it by way of golden.lowering.arrangement",
    }

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"gather {len(self.indices)} along {self.axis}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if not 0 <= self.axis < len(tensor.shape):
            raise UserError(f"axis is {self.axis}; allowed: a dimension of {tensor.shape}, from 0")
        length = tensor.shape[self.axis]
        if not self.indices or not 0 <= min(self.indices) <= max(self.indices) < length:
            named = f"{min(self.indices)} to {max(self.indices)}" if self.indices else "empty"
            raise UserError(
                f"indices are {named}; allowed: one or more, 0 to {length - 1} along dimension "
                f"{self.axis} of {tensor.shape}"
            )
        shape = (*tensor.shape[: self.axis], len(self.indices), *tensor.shape[self.axis + 1 :])
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, shape, tensor.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Gather":
        """See `Node.drawn`."""
        axis = int(draw.random.integers(3))
        indices = draw.random.integers(0, x.shape[axis], int(draw.random.integers(1, 6)))
        return cls(inputs=(x.name,), output=draw.name(), axis=axis, indices=tuple(indices.tolist()))
