"""Convolutions: grouped and depthwise ones, padding, stride and dilation, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.products import compile_convolution
from bittrue.golden.graph import AccumulatorBounds, Tensor
from bittrue.golden.graph.convolution import Convolution


@compile_node.register
def _(
    node: Convolution, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    return compile_convolution(node, inputs[0], output, bounds)
