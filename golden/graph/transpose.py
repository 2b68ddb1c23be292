"""The same codes with their dimensions in another order."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Transpose(Node):
    """The dimensions of a tensor in another order.

        output[i[p[0]], i[p[1]], ...] = input[i[0], i[1], ...]    with p the permutation

    Parameters
    ----------
    permutation : tuple of int
        The input's dimension that each dimension of the output is, not counting the batch.
    """

    permutation: tuple[int, ...]

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"transpose {','.join(map(str, self.permutation))}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if sorted(self.permutation) != list(range(len(tensor.shape))):
            raise UserError(
                f"permutation is {self.permutation}; allowed: an order of the dimensions of "
                f"{tensor.shape}, from 0"
            )
        shape = tuple(tensor.shape[axis] for axis in self.permutation)
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, shape, tensor.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Transpose":
        """See `Node.drawn`."""
        order = tuple(int(axis) for axis in draw.random.permutation(3))
        return cls(inputs=(x.name,), output=draw.name(), permutation=order)
