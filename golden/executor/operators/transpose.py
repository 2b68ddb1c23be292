"""The same codes with their dimensions in another order, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.transpose import Transpose


@compile_node.register
def _(node: Transpose, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    order = (0, *(axis + 1 for axis in node.permutation))
    return lambda stored: stored.permute(order).contiguous()
