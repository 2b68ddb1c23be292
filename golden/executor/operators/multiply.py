"""Products of two tensors, on torch."""

from bittrue.golden.executor.code_functions import compile_function, requantized
from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.numbers.arrays import Int64


@compile_node.register
def _(node: Multiply, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    first, second = node.encodings

    def multiply(a: Int64, b: Int64) -> Int64:
        return requantized(first.decode(a) * second.decode(b), node.requantization)

    return compile_function(multiply, inputs, output, node.requantization)
