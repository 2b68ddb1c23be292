"""Convolutions: grouped and depthwise ones, padding, stride and dilation, on torch."""

from golden.executor.kernel import Kernel, compile_node
from golden.executor.products import byte_convolution, float_convolution, takes_bytes
from golden.executor.requantization import compile_requantization
from golden.graph import AccumulatorBounds, Convolution, Tensor


@compile_node.register
def _(
    node: Convolution, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    accumulate = (
        byte_convolution(node, inputs[0])
        if takes_bytes(node, inputs[0], bounds)
        else float_convolution(node, inputs[0], bounds)
    )
    scale = compile_requantization(node.requantization, bounds, output)
    return lambda stored: scale(accumulate(stored))
