"""A part of a tensor."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import Inference, Node, only_input
from bittrue.golden.graph.tensor import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Node):
    """Every so manieth element along each dimension, from one on.

        output[i, j, ...] = input[begin[0] + i * stride[0], begin[1] + j * stride[1], ...]

    Parameters
    ----------
    begin : tuple of int
        The first element, for each dimension but the batch.
    size : tuple of int
        Elements of the output, at least 1.
    stride : tuple of int
        From one element to the next, at least 1.
    """

    begin: tuple[int, ...]
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return f"slice to {'x'.join(map(str, self.size))}"

    @property
    def ranges(self) -> tuple[slice, ...]:
        """The elements that are taken along each dimension."""
        return tuple(
            slice(begin, begin + (size - 1) * stride + 1, stride)
            for begin, size, stride in zip(self.begin, self.size, self.stride, strict=True)
        )

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        tensor = only_input(inputs)
        rank = len(tensor.shape)
        for name, values in (("begin", self.begin), ("size", self.size), ("stride", self.stride)):
            if len(values) != rank or min(values, default=1) < (name != "begin"):
                least = "0 or more" if name == "begin" else "at least 1"
                raise UserError(
                    f"{name} is {values}; allowed: a number for each dimension of {tensor.shape}, "
                    f"{least}"
                )
        for axis, (taken, length) in enumerate(zip(self.ranges, tensor.shape, strict=True)):
            if taken.stop > length:
                raise UserError(
                    f"it takes elements {taken.start} to {taken.stop - 1} along dimension {axis} "
                    f"of {tensor.shape}; allowed: up to {length - 1}"
                )
        reach = tensor.minimum, tensor.maximum
        return Inference(Tensor(self.output, self.size, tensor.type, *reach))

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "Slice":
        """See `Node.drawn`."""
        begin, size, stride = [], [], []
        for length in x.shape:
            first = int(draw.random.integers(0, min(length, 3)))
            step = int(draw.random.integers(1, 4))
            begin.append(first)
            stride.append(step)
            size.append(int(draw.random.integers(1, (length - 1 - first) // step + 2)))
        return cls(
            inputs=(x.name,), output=draw.name(), begin=tuple(begin), size=tuple(size),
            stride=tuple(stride),
        )  # fmt: skip
