"""Matrix-vector products, on torch."""

from golden.executor.kernel import Kernel, compile_node
from golden.executor.products import byte_products, float_products, takes_bytes
from golden.executor.requantization import compile_requantization
from golden.graph import AccumulatorBounds, FullyConnected, Tensor


@compile_node.register
def _(
    node: FullyConnected, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    accumulate = (
        byte_products(node, inputs[0])
        if takes_bytes(node, inputs[0], bounds)
        else float_products(node, inputs[0], bounds)
    )
    scale = compile_requantization(node.requantization, bounds, output)
    return lambda stored: scale(accumulate(stored))
