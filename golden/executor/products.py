"""Products of codes and weights, by fast arithmetic that is exact."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv2d, pad

from bittrue.golden.executor.kernel import Kernel, decode
from bittrue.golden.executor.loops import Corrections, NarrowScaling
from bittrue.golden.executor.product_loops import Factors, Product, convolve, multiply
from bittrue.golden.executor.requantization import compile_requantization, narrow_scaling, unscaled
from bittrue.golden.executor.storage import Storage
from bittrue.golden.executor.tile import LANES
from bittrue.golden.graph import AccumulatorBounds, MatrixNode, Tensor
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import Encoding

_VALUES, _SUMS = IntegerType(16, True), IntegerType(32, True)
_HALVES = (-128, 127), (0, 255)
"""Ends of the high and of the low byte of a value."""

_Node = TypeVar("_Node", FullyConnected, Convolution)


def takes_integers(node: MatrixNode, tensor: Tensor, bounds: AccumulatorBounds) -> bool:
    """Return whether values of 16 bits and sums of 32 hold a node's arithmetic.

    Sums start from the bias, so the bounds of accumulators are those of every partial sum.
    """
    return bounds.type.width <= _SUMS.width and _has_narrow_values(node, tensor)


def _has_narrow_values(node: MatrixNode, tensor: Tensor) -> bool:
    reached = node.input_encoding.decode([tensor.minimum, tensor.maximum])
    return all(
        int(values.min()) in _VALUES and int(values.max()) in _VALUES
        for values in (reached, node.weight_values)
    )


def compile_fully_connected(
    node: FullyConnected, tensor: Tensor, output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    """Return the kernel of a fully connected node."""
    if not takes_integers(node, tensor, bounds):
        halves = _by_halves(node, tensor, output, bounds, compile_fully_connected)
        return halves or _float_products(node, tensor, output, bounds)
    return _rows_kernel(node, tensor, output, bounds, node.weight_values)


def compile_convolution(
    node: Convolution, tensor: Tensor, output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    """Return the kernel of a convolution."""
    if not takes_integers(node, tensor, bounds):
        halves = _by_halves(node, tensor, output, bounds, compile_convolution)
        return halves or _float_convolution(node, tensor, output, bounds)
    window = node.window
    plain = window.size == window.stride == (1, 1) and window.padding == ((0, 0), (0, 0))
    if plain and node.groups == 1:
        return _rows_kernel(node, tensor, output, bounds, node.weight_values[:, 0, 0])
    return _images_kernel(node, tensor, output, bounds)


@dataclass(frozen=True)
class _Finish:
    """What becomes of sums: requantized with the products, or later where 64 bits are too few."""

    scaling: NarrowScaling
    corrections: Corrections
    dtype: np.dtype
    later: Kernel | None

    @classmethod
    def of(cls, node: MatrixNode, output: Tensor, bounds: AccumulatorBounds) -> "_Finish":
        scaling = narrow_scaling(node.requantization, bounds, output)
        if scaling is not None:
            return cls(*scaling, Storage.of(output).numpy_dtype, None)
        later = compile_requantization(node.requantization, bounds, output)
        return cls(*unscaled(output.channels), np.dtype(np.int32), later)

    def __call__(self, results: NDArray[np.integer]) -> torch.Tensor:
        """Return results of the products as stored codes."""
        stored = torch.from_numpy(results)
        return stored if self.later is None else self.later(stored)


def _decoding(node: MatrixNode, tensor: Tensor) -> tuple[int, int]:
    """Return gain and zero of ``value = gain * stored - zero``."""
    offset = Storage.of(tensor).offset
    if node.input_encoding.bipolar:
        return 2, 1 - 2 * offset
    return 1, node.input_encoding.zero_point - offset


def _rows_kernel(
    node: MatrixNode, tensor: Tensor, output: Tensor, bounds: AccumulatorBounds, weight: Int64
) -> Kernel:
    """Return products of the last dimension with a matrix, (outputs, inputs)."""
    finish = _Finish.of(node, output, bounds)
    factors = matrix_factors(weight[None], node.bias, np.zeros(1, dtype=np.int64), weight.shape[1])
    product = Product.packed(*_decoding(node, tensor), factors, finish.scaling, finish.corrections)
    shape, inputs, channels = output.shape, tensor.channels, output.channels

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        codes = stored.numpy()
        results = np.empty((len(codes), *shape), dtype=finish.dtype)
        rows = codes.reshape(-1, inputs)
        multiply(rows, product.weights, product.numbers, results.reshape(-1, channels))
        return finish(results)

    return kernel


def _images_kernel(
    node: Convolution, tensor: Tensor, output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    finish = _Finish.of(node, output, bounds)
    window, weight = node.window, node.weight_values
    (top, bottom), (left, right) = window.padding
    height, width, channels = tensor.shape
    padded = (height + top + bottom, width + left + right)
    repeated = len(weight) // node.groups if node.depthwise else 0
    rows, columns = (
        np.arange(size) * d for size, d in zip(window.size, window.dilation, strict=True)
    )
    taps = (rows[:, None] * padded[1] + columns) * channels * max(repeated, 1)
    if node.depthwise:
        factors = depthwise_factors(weight.reshape(len(weight), -1), node.bias, taps.reshape(-1))
    elif node.groups == 1 and window.dilation[1] == 1:  # The taps of a row lie side by side.
        joined = weight.reshape(1, len(weight), -1)
        factors = matrix_factors(joined, node.bias, taps[:, 0], window.size[1] * channels)
    else:
        grouped = weight.reshape(node.groups, len(weight) // node.groups, -1)
        factors = matrix_factors(grouped, node.bias, taps.reshape(-1), weight.shape[-1])

    product = Product.packed(*_decoding(node, tensor), factors, finish.scaling, finish.corrections)
    shape, stride = output.shape, window.stride

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        images = np.ascontiguousarray(stored.numpy())
        results = np.empty((len(images), *shape), dtype=finish.dtype)
        convolve(
            images, product.weights, product.numbers, (top, left), padded, stride, repeated, results
        )
        return finish(results)

    return kernel


def matrix_factors(weight: Int64, bias: Int64, runs: Int64, length: int) -> Factors:
    """Return weights as `golden.executor.tile.matrix_tile` takes them.

    Parameters
    ----------
    weight : ndarray of int64, shape (groups, outputs of a group, runs * length)
    bias : ndarray of int64, shape (groups * outputs of a group,)
    runs : ndarray of int64
        Offsets of runs of `length` values, the inputs of a group.
    """
    groups, outputs, _ = weight.shape
    blocks, steps = -(-outputs // LANES), -(-length // 2)
    filled = np.zeros((groups, blocks * LANES, len(runs), 2 * steps), dtype=np.int16)
    filled[:, :outputs, :, :length] = weight.reshape(groups, outputs, len(runs), length)
    tiles = filled.reshape(groups, blocks, LANES, len(runs), steps, 2)
    biases = np.zeros((groups, blocks * LANES), dtype=np.int32)
    biases[:, :outputs] = bias.reshape(groups, outputs)
    group, block = np.repeat(np.arange(groups), blocks), np.tile(np.arange(blocks), groups)
    return Factors(
        runs.astype(np.int64),
        steps,
        tiles.transpose(0, 1, 3, 4, 2, 5).reshape(-1).copy(),
        biases.reshape(-1),
        group * length,
        group * outputs + block * LANES,
        groups * outputs,
    )


def depthwise_factors(weight: Int64, bias: Int64, runs: Int64) -> Factors:
    """Return weights as `golden.executor.tile.depthwise_tile` takes them.

    Parameters
    ----------
    weight : ndarray of int64, shape (channels, runs)
    bias : ndarray of int64, shape (channels,)
    runs : ndarray of int64
        Offset of each tap.
    """
    channels, taps = weight.shape
    blocks = -(-channels // LANES)
    filled = np.zeros((blocks * LANES, taps), dtype=np.int16)
    filled[:channels] = weight
    biases = np.zeros(blocks * LANES, dtype=np.int32)
    biases[:channels] = bias
    first = np.arange(blocks) * LANES
    tiles: NDArray[np.int16] = filled.reshape(blocks, LANES, taps).transpose(0, 2, 1)
    return Factors(
        runs.astype(np.int64), 1, tiles.reshape(-1).copy(), biases, first, first, channels
    )


def _by_halves(
    node: _Node,
    tensor: Tensor,
    output: Tensor,
    bounds: AccumulatorBounds,
    compile_node: Callable[[_Node, Tensor, Tensor, AccumulatorBounds], Kernel],
) -> Kernel | None:
    """Return the products of values ``256 * high + low``, whose halves are bytes.

    Their sums are ``256 * highs + lows + bias``, in 64 bits, in which nothing is lost: they are
    those of the node, and these have at most 48. None where values have more than 16 bits, or the
    sums of a half more than 32: of low halves, 255 times the magnitudes of a channel's weights.
    """
    if not _has_narrow_values(node, tensor):
        return None
    kernels, sums = [], []
    for low, high in _HALVES:
        part = replace(
            node, bias=np.zeros_like(node.bias), requantization=None, input_encoding=Encoding()
        )
        half = Tensor(tensor.name, tensor.shape, _VALUES, low, high)
        inferred = part.infer(half)
        reached = inferred.accumulator
        if reached is None or not takes_integers(part, half, reached):
            return None
        kernels.append(compile_node(part, half, inferred.tensor, reached))
        sums.append(inferred.tensor)
    bias = torch.from_numpy(node.bias.astype(np.int64))
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, tensor, node.input_encoding, torch.int32)
        parts = (values >> 8).to(torch.int16), (values & 255).to(torch.int16)
        highs, lows = (
            decode(one(part), each, Encoding(), torch.int64)
            for one, part, each in zip(kernels, parts, sums, strict=True)
        )
        return scale((highs << 8) + lows + bias)

    return kernel


def _float_products(
    node: FullyConnected, tensor: Tensor, output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    """Return a fully connected node in float64, in which sums of 48 bits are exact."""
    weight = torch.from_numpy(node.weight_values).to(torch.float64).T.contiguous()
    bias = torch.from_numpy(node.bias.copy()).to(torch.float64)
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        return scale(decode(stored, tensor, node.input_encoding, torch.float64) @ weight + bias)

    return kernel


def _float_convolution(
    node: Convolution, tensor: Tensor, output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    """Return a convolution in float64, in which sums of 48 bits are exact."""
    window = node.window
    weight = torch.from_numpy(node.weight_values).to(torch.float64).permute(0, 3, 1, 2)
    weight = weight.contiguous(memory_format=torch.channels_last)
    bias = torch.from_numpy(node.bias.copy()).to(torch.float64)
    (top, bottom), (left, right) = window.padding
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, tensor, node.input_encoding, torch.float64)
        image = pad(values, (0, 0, left, right, top, bottom)).permute(0, 3, 1, 2)
        result = conv2d(image, weight, bias, window.stride, 0, window.dilation, node.groups)
        return scale(result.permute(0, 2, 3, 1))

    return kernel
