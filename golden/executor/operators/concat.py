"""Tensors joined along an axis, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.concat import Concat


@compile_node.register
def _(node: Concat, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    return lambda *operands: torch.cat(operands, dim=node.axis + 1)
