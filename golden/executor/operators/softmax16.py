"""Softmax of 16-bit codes over the last axis, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.softmax16 import Softmax16
from bittrue.golden.numbers.softmax16 import softmax16


@compile_node.register
def _(node: Softmax16, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = Storage.of(output).dtype

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        codes = softmax16(stored.numpy(), node.exponential, node.reciprocal)
        return torch.from_numpy(codes).to(dtype)

    return kernel
