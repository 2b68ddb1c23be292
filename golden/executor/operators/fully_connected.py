"""Matrix-vector products, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.products import compile_fully_connected
from bittrue.golden.graph import AccumulatorBounds, Tensor
from bittrue.golden.graph.fully_connected import FullyConnected


@compile_node.register
def _(
    node: FullyConnected, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    return compile_fully_connected(node, inputs[0], output, bounds)
