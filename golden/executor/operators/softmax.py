"""Softmax over the last axis, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.numbers.softmax import softmax


@compile_node.register
def _(node: Softmax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    storage = Storage.of(output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        # Only differences of codes matter, so stored ones do as well.
        codes = torch.from_numpy(softmax(stored.numpy(), node.exponential, node.type))
        return (codes - storage.offset).to(storage.dtype)

    return kernel
