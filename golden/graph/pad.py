"""Borders filled with a code."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input, require_code
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Node):
    """A border of one code around a tensor.

    Parameters
    ----------
    padding : tuple of (int, int)
        Elements before and after, for each dimension but the batch.
    code : int
        A code of the input's type.
    """

    padding: tuple[tuple[int, int], ...]
    code: int

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        if len(self.padding) != len(tensor.shape) or min(sum(self.padding, (0,))) < 0:
            raise UserError(
                f"padding is {self.padding}; allowed: two sizes, not negative, for each dimension "
                f"of {tensor.shape}"
            )
        require_code(self.code, tensor, "code")
        shape = tuple(
            size + before + after
            for size, (before, after) in zip(tensor.shape, self.padding, strict=True)
        )
        low, high = min(tensor.minimum, self.code), max(tensor.maximum, self.code)
        return Inference(Tensor(self.output, shape, tensor.type, low, high))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Pad":
        """See `Node.drawn`."""
        sizes = draw.random.integers(0, 2, (3, 2)).tolist()
        padding = tuple((before, after) for before, after in sizes)
        code = int(draw.random.integers(x.type.minimum, x.type.maximum + 1))
        return cls(inputs=(x.name,), output=draw.name(), padding=padding, code=code)
