"""Reshape, broadcast, concat, pad and constant."""

import numpy as np
import torch
from torch.nn.functional import pad

from golden.executor.kernel import Kernel, compile_node
from golden.executor.storage import Storage
from golden.graph import Broadcast, Concat, Constant, Pad, Reshape, Tensor


@compile_node.register
def _(node: Reshape, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    return lambda stored: stored.reshape(len(stored), *node.shape)


@compile_node.register
def _(node: Broadcast, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    shape = inputs[0].shape
    aligned = (*(1,) * (len(node.shape) - len(shape)), *shape)
    return lambda stored: (
        stored.reshape(len(stored), *aligned).expand(len(stored), *node.shape).contiguous()
    )


@compile_node.register
def _(node: Concat, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    return lambda *operands: torch.cat(operands, dim=node.axis + 1)


@compile_node.register
def _(node: Pad, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    # torch lists the last dimension first.
    sizes = [size for pair in reversed(node.padding) for size in pair]
    code = node.code - Storage.of(output).offset
    return lambda stored: pad(stored, sizes, value=code)


@compile_node.register
def _(node: Constant, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    values = Storage.of(output).store(node.values.astype(np.int64))[None]
    return lambda: values
