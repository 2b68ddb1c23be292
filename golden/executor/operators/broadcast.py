"""Codes repeated along axes, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.broadcast import Broadcast


@compile_node.register
def _(node: Broadcast, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    shape = inputs[0].shape
    aligned = (*(1,) * (len(node.shape) - len(shape)), *shape)
    return lambda stored: (
        stored.reshape(len(stored), *aligned).expand(len(stored), *node.shape).contiguous()
    )
