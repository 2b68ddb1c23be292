"""Softmax and argmax."""

import torch

from golden.graph import ArgMax, Softmax, Tensor
from golden.kernels.kernel import Kernel, compile_node
from golden.kernels.storage import Storage
from golden.softmax import softmax


@compile_node.register
def _(node: Softmax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    storage = Storage.of(output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        # Only differences of codes matter, so stored ones do as well.
        codes = torch.from_numpy(softmax(stored.numpy(), node.exponential, node.type))
        return (codes - storage.offset).to(storage.dtype)

    return kernel


@compile_node.register
def _(node: ArgMax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = Storage.of(output).dtype

    # torch.argmax names the first of equals.
    return lambda stored: stored.argmax(dim=-1).to(dtype)
