"""The lesser or the greater of two codes, on torch."""

import torch

from bittrue.golden.executor.code_functions import aligned
from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.min_max import MinMax


@compile_node.register
def _(node: MinMax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    # Codes of one type are stored alike, in their order.
    chosen = torch.maximum if node.greatest else torch.minimum
    return lambda one, other: chosen(aligned(one, output), aligned(other, output))
