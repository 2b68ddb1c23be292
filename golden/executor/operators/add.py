"""Sums and differences of scaled operands, on torch."""

import numpy as np

from bittrue.golden.executor.code_functions import compile_function, requantized
from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.add import Add
from bittrue.golden.numbers.arrays import Int64


@compile_node.register
def _(node: Add, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    def add(*codes: Int64) -> Int64:
        accumulator = np.zeros(1, dtype=np.int64)
        for addend, operand in zip(node.addends, codes, strict=True):
            accumulator = accumulator + addend.evaluate(operand)
        return requantized(accumulator, node.requantization)

    return compile_function(add, inputs, output, node.requantization)
