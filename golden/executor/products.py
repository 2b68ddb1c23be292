"""Products of codes and weights, by fast arithmetic that is exact."""

from collections.abc import Callable

import torch
from torch.nn.functional import conv2d, pad

from golden.executor.int8_products import (
    LARGEST_SUM,
    SMALLEST_PRODUCT,
    ByteConvolution,
    int8_products_are_exact,
    multiply_bytes,
)
from golden.executor.kernel import decode
from golden.executor.storage import Storage
from golden.graph import AccumulatorBounds, Convolution, FullyConnected, MatrixNode, Tensor

Accumulate = Callable[[torch.Tensor], torch.Tensor]
"""Stored codes to accumulators, channels last."""


def largest_sum(node: MatrixNode, bounds: AccumulatorBounds) -> int:
    """Return what no partial sum exceeds, whenever a library adds the bias."""
    largest = max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))
    return largest + max(abs(int(node.bias.min())), abs(int(node.bias.max())))


def takes_bytes(node: MatrixNode, tensor: Tensor, bounds: AccumulatorBounds) -> bool:
    """Return whether products of 8-bit integers compute a node's accumulators exactly."""
    values = node.weight_values
    return (
        tensor.type.width <= 8
        and not node.input_encoding.bipolar
        and values[0].size >= SMALLEST_PRODUCT
        and values.min() >= -128
        and values.max() <= 127
        and largest_sum(node, bounds) <= LARGEST_SUM
        and int8_products_are_exact()
    )


def stored_zero_point(node: MatrixNode, tensor: Tensor) -> int:
    """Return the zero point of a node's input as it is stored."""
    return node.input_encoding.zero_point - Storage.of(tensor).offset


def byte_products(node: FullyConnected, tensor: Tensor) -> Accumulate:
    """Return a fully connected node's accumulators by products of 8-bit integers."""
    values = node.weight_values
    weight = torch.from_numpy(values).to(torch.int8)
    # The products take 128 from every byte; the rest of the zero point goes into the bias.
    rest = 128 - stored_zero_point(node, tensor)
    bias = torch.from_numpy(node.bias + rest * values.sum(axis=1)).to(torch.int32)

    def accumulate(stored: torch.Tensor) -> torch.Tensor:
        rows = stored.reshape(-1, stored.shape[-1])
        return multiply_bytes(rows, weight).add_(bias).view(*stored.shape[:-1], len(bias))

    return accumulate


def byte_convolution(node: Convolution, tensor: Tensor) -> Accumulate:
    """Return a convolution's accumulators by products of 8-bit integers."""
    window = node.window
    (top, bottom), (left, right) = window.padding
    zero_point = stored_zero_point(node, tensor)
    symmetric = (top, left) == (bottom, right)
    convolve = ByteConvolution(
        torch.from_numpy(node.weight_values).permute(0, 3, 1, 2).to(torch.int8).contiguous(),
        torch.from_numpy(node.bias.copy()).to(torch.float32),
        zero_point,
        window.stride,
        (top, left) if symmetric else (0, 0),
        window.dilation,
        node.groups,
    )

    def accumulate(stored: torch.Tensor) -> torch.Tensor:
        if not symmetric:
            stored = pad(stored, (0, 0, left, right, top, bottom), value=zero_point)
        return convolve(stored.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    return accumulate


def exact_float(node: MatrixNode, bounds: AccumulatorBounds) -> torch.dtype:
    """Return the narrowest floating-point type in which no sum of a node is rounded."""
    return torch.float32 if largest_sum(node, bounds) <= 1 << 24 else torch.float64


def float_products(node: FullyConnected, tensor: Tensor, bounds: AccumulatorBounds) -> Accumulate:
    """Return a fully connected node's accumulators by floating-point products that are exact."""
    dtype = exact_float(node, bounds)
    weight = torch.from_numpy(node.weight_values).to(dtype).T.contiguous()
    bias = torch.from_numpy(node.bias.copy()).to(dtype)
    return lambda stored: decode(stored, tensor, node.input_encoding, dtype) @ weight + bias


def float_convolution(node: Convolution, tensor: Tensor, bounds: AccumulatorBounds) -> Accumulate:
    """Return a convolution's accumulators by floating-point products that are exact."""
    dtype, window = exact_float(node, bounds), node.window
    weight = torch.from_numpy(node.weight_values).to(dtype).permute(0, 3, 1, 2)
    weight = weight.contiguous(memory_format=torch.channels_last)
    bias = torch.from_numpy(node.bias.copy()).to(dtype)
    (top, bottom), (left, right) = window.padding

    def accumulate(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, tensor, node.input_encoding, dtype)
        image = pad(values, (0, 0, left, right, top, bottom)).permute(0, 3, 1, 2)
        result = conv2d(image, weight, bias, window.stride, 0, window.dilation, node.groups)
        return result.permute(0, 2, 3, 1)

    return accumulate
