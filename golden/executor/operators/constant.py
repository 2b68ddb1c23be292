"""Codes that do not depend on the input, on torch."""

import numpy as np

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.constant import Constant


@compile_node.register
def _(node: Constant, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    values = Storage.of(output).store(node.values.astype(np.int64))[None]
    return lambda: values
