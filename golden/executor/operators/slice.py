"""A part of a tensor, on torch."""

from golden.executor.kernel import Kernel, compile_node
from golden.graph import Slice, Tensor


@compile_node.register
def _(node: Slice, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    taken = (slice(None), *node.ranges)
    return lambda stored: stored[taken].contiguous()
