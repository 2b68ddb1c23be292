"""The sum of each window, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node, decode
from bittrue.golden.executor.requantization import compile_requantization
from bittrue.golden.executor.window_sums import window_sums
from bittrue.golden.graph import AccumulatorBounds, Tensor
from bittrue.golden.graph.sum_pool import SumPool


@compile_node.register
def _(
    node: SumPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, inputs[0], node.encoding, torch.int32)
        return scale(window_sums(values, node.window, output))

    return kernel
