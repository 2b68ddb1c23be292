"""The mean over axes."""

import math
from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference, only_input
from bittrue.golden.graph.sums import sum_bounds
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Encoding


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(AccumulatingNode):
    """Sum over whole dimensions, requantized: global pooling, and the mean over any axes.

        accumulator = sum over `axes` of value

    Parameters
    ----------
    axes : tuple of int
        Dimensions summed over, ascending, not counting the batch.
    keep_dimensions : bool
        Whether the summed dimensions stay, with size 1.
    encoding : Encoding
        How the input's codes become values.
    """

    axes: tuple[int, ...]
    keep_dimensions: bool
    encoding: Encoding

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"mean over {', '.join(map(str, self.axes))}"

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        rank = len(tensor.shape)
        if not self.axes or list(self.axes) != sorted(set(self.axes) & set(range(rank))):
            raise UserError(
                f"axes is {self.axes}; allowed: ascending dimensions of {tensor.shape}, counted "
                "from 0"
            )
        kept = (1,) if self.keep_dimensions else ()
        shape = tuple(
            size
            for axis, sizes in enumerate(tensor.shape)
            for size in (kept if axis in self.axes else (sizes,))
        )
        count = math.prod(tensor.shape[axis] for axis in self.axes)
        bounds = sum_bounds(tensor, self.encoding, count)
        return self._requantized(shape, *bounds)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Mean":
        """See `Node.drawn`."""
        axes = tuple(axis for axis in range(3) if draw.random.integers(2)) or (1,)
        keep = bool(draw.random.integers(2))
        return cls(
            inputs=(x.name,), output=draw.name(), axes=axes, keep_dimensions=keep,
            encoding=draw.encoding(x),
        )  # fmt: skip
