"""Reshape, concat, pad and constant."""

import torch
from torch.nn.functional import pad

from golden.graph import Concat, Constant, Pad, Reshape, Tensor
from golden.kernels.kernel import Kernel, compile_node, torch_dtype


@compile_node.register
def _(node: Reshape, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    return lambda codes: codes.reshape(len(codes), *node.shape)


@compile_node.register
def _(node: Concat, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    return lambda *operands: torch.cat(operands, dim=node.axis + 1)


@compile_node.register
def _(node: Pad, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    # torch lists the last dimension first.
    sizes = [size for pair in reversed(node.padding) for size in pair]
    return lambda codes: pad(codes, sizes, value=node.code)


@compile_node.register
def _(node: Constant, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    values = torch.tensor(node.values, dtype=torch_dtype(node.type))[None]
    return lambda: values
