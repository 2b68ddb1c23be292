"""The mean over axes, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node, decode
from bittrue.golden.executor.requantization import compile_requantization
from bittrue.golden.graph import AccumulatorBounds, Tensor
from bittrue.golden.graph.mean import Mean


@compile_node.register
def _(node: Mean, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    axes = tuple(axis + 1 for axis in node.axes)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, inputs[0], node.encoding, torch.int32)
        return scale(values.sum(dim=axes, keepdim=node.keep_dimensions))

    return kernel
