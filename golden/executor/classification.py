"""Softmax, of 8 and of 16 bits, and argmax."""

import torch

from golden.executor.kernel import Kernel, compile_node
from golden.executor.storage import Storage
from golden.graph import ArgMax, Softmax, Softmax16, Tensor
from golden.numbers.softmax import softmax
from golden.numbers.softmax16 import softmax16


@compile_node.register
def _(node: Softmax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    storage = Storage.of(output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        # Only differences of codes matter, so stored ones do as well.
        codes = torch.from_numpy(softmax(stored.numpy(), node.exponential, node.type))
        return (codes - storage.offset).to(storage.dtype)

    return kernel


@compile_node.register
def _(node: Softmax16, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = Storage.of(output).dtype

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        codes = softmax16(stored.numpy(), node.exponential, node.reciprocal)
        return torch.from_numpy(codes).to(dtype)

    return kernel


@compile_node.register
def _(node: ArgMax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = Storage.of(output).dtype

    # torch.argmax names the first of equals.
    return lambda stored: stored.argmax(dim=-1).to(dtype)
