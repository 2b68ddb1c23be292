"""Tensors joined along an axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(Node):
    """Tensors of one type joined along a dimension.

    Parameters
    ----------
    axis : int
        Dimension, from 0, not counting the batch.
    """

    axis: int

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"concat along {self.axis}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if not inputs:
            raise UserError("it has no inputs; allowed: one or more")
        first, axis = inputs[0], self.axis
        if not 0 <= axis < len(first.shape):
            raise UserError(f"axis is {axis}; allowed: a dimension of {first.shape}, from 0")
        for tensor in inputs:
            if (
                tensor.type != first.type
                or len(tensor.shape) != len(first.shape)
                or tensor.shape[:axis] != first.shape[:axis]
                or tensor.shape[axis + 1 :] != first.shape[axis + 1 :]
            ):
                raise UserError(
                    f"its inputs are {first.type} {first.shape} and {tensor.type} {tensor.shape}; "
                    f"they must have one type and agree in all dimensions but {axis}"
                )
        total = sum(tensor.shape[axis] for tensor in inputs)
        shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
        low = min(tensor.minimum for tensor in inputs)
        high = max(tensor.maximum for tensor in inputs)
        return Inference(Tensor(self.output, shape, first.type, low, high))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Concat":
        """See `Node.drawn`."""
        alike = [t for t in draw.tensors.values() if t.shape == x.shape and t.type == x.type]
        chosen = alike[draw.random.integers(len(alike))]
        axis = int(draw.random.integers(3))
        return cls(inputs=(x.name, chosen.name), output=draw.name(), axis=axis)


def concatenated(inputs: Sequence[str], output: str, axis: int) -> Concat:
    """Return the node that joins tensors along a dimension, counted without the batch."""
    return Concat(inputs=tuple(inputs), output=output, axis=axis)
