"""Convolution and fully connected, by floating-point arithmetic that is exact.

A float holds every integer up to 2**24 (float32) or 2**53 (float64). No partial sum exceeds the
bounds derived from the weights, in whatever order a library adds them, so no sum is ever rounded.
"""

import torch
from torch.nn.functional import conv2d, pad

from golden.graph import AccumulatorBounds, Convolution, FullyConnected, Tensor
from golden.kernels.kernel import Kernel, compile_node, decode
from golden.kernels.requantize import compile_requantization


def exact_float(node: Convolution | FullyConnected, bounds: AccumulatorBounds) -> torch.dtype:
    """Return the narrowest floating-point type in which every partial sum is exact."""
    largest = max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))
    # The bounds hold for sums that start from the bias; a library may add it later.
    largest += max(abs(int(node.bias.min())), abs(int(node.bias.max())))
    return torch.float32 if largest <= 1 << 24 else torch.float64


@compile_node.register
def _(
    node: FullyConnected,
    inputs: tuple[Tensor, ...],
    output: Tensor,
    bounds: AccumulatorBounds,
) -> Kernel:
    dtype = exact_float(node, bounds)
    weight = torch.from_numpy(node.weight_values).to(dtype).T.contiguous()
    bias = torch.from_numpy(node.bias.copy()).to(dtype)
    scale = compile_requantization(node.requantization, output)

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        values = decode(codes, node.input_encoding, dtype)
        return scale((values @ weight + bias).to(torch.int64))

    return kernel


@compile_node.register
def _(
    node: Convolution,
    inputs: tuple[Tensor, ...],
    output: Tensor,
    bounds: AccumulatorBounds,
) -> Kernel:
    dtype = exact_float(node, bounds)
    weight = torch.from_numpy(node.weight_values).to(dtype).permute(0, 3, 1, 2)
    weight = weight.contiguous(memory_format=torch.channels_last)
    bias = torch.from_numpy(node.bias.copy()).to(dtype)
    scale = compile_requantization(node.requantization, output)
    window = node.window
    (top, bottom), (left, right) = window.padding

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        values = decode(codes, node.input_encoding, dtype)
        padded = pad(values, (0, 0, left, right, top, bottom)).permute(0, 3, 1, 2)
        accumulator = conv2d(padded, weight, bias, window.stride, 0, window.dilation, node.groups)
        return scale(accumulator.permute(0, 2, 3, 1).to(torch.int64))

    return kernel
