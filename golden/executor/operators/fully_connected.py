"""Matrix-vector products, on torch."""

from golden.executor.kernel import Kernel, compile_node
from golden.executor.products import compile_fully_connected
from golden.graph import AccumulatorBounds, FullyConnected, Tensor


@compile_node.register
def _(
    node: FullyConnected, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    return compile_fully_connected(node, inputs[0], output, bounds)
