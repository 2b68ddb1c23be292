"""Elements taken by number along one dimension, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.gather import Gather


@compile_node.register
def _(node: Gather, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    indices = torch.tensor(node.indices)
    return lambda stored: stored.index_select(node.axis + 1, indices)
