"""A part of a tensor, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.slice import Slice


@compile_node.register
def _(node: Slice, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    taken = (slice(None), *node.ranges)
    return lambda stored: stored[taken].contiguous()
