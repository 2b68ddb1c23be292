"""Changes of scale, zero point or width, on torch."""

from bittrue.golden.executor.code_functions import compile_function, requantized
from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.numbers.arrays import Int64


@compile_node.register
def _(node: Requantize, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    def requantize(codes: Int64) -> Int64:
        return requantized(node.encoding.decode(codes), node.requantization)

    return compile_function(requantize, inputs, output, node.requantization)
