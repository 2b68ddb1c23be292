"""Softmax and argmax."""

import torch

from golden.graph import ArgMax, Softmax, Tensor
from golden.kernels.kernel import Kernel, compile_node, torch_dtype
from golden.softmax import softmax


@compile_node.register
def _(node: Softmax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = torch_dtype(node.type)

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(softmax(codes.numpy(), node.exponential, node.type)).to(dtype)

    return kernel


@compile_node.register
def _(node: ArgMax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = torch_dtype(output.type)

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        # torch.argmax names any of equals; the first is the first True of a cumulative mask.
        largest = codes == codes.amax(dim=-1, keepdim=True)
        return largest.to(torch.uint8).argmax(dim=-1).to(dtype)

    return kernel
