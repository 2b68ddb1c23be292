"""Any function of a code, on torch."""

import numpy as np

from bittrue.golden.executor.code_functions import compile_function
from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.table import Table


@compile_node.register
def _(node: Table, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    lowest = inputs[0].type.minimum
    return compile_function(
        lambda codes: node.values[codes - lowest].astype(np.int64), inputs, output
    )
