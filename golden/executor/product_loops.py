"""Loops of matrix products and convolutions in integers, requantized before they leave the cache.

Values are 16 bits wide and sums 32; see `golden.executor.tile`. `golden.executor.products` makes
what they are given, and says where no sum needs more.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.executor.compiled import compiled
from golden.executor.loops import Scaling, requantize_rows
from golden.executor.tile import LANES, ROWS, depthwise_tile, fastest_multiply, matrix_tile
from golden.numbers.arrays import Int64

_rows_tile = matrix_tile(ROWS, fastest_multiply())
_row_tile = matrix_tile(1, fastest_multiply())
_rows_depthwise = depthwise_tile(ROWS)
_row_depthwise = depthwise_tile(1)

_CHUNK = 1 << 14
"""Sums computed before they are requantized: 64 KiB of them."""


class Factors(NamedTuple):
    """Weights as tiles take them.

    Parameters
    ----------
    runs : ndarray of int64, shape (runs,)
        Where, from a pixel's first value, each run of consecutive values begins.
    steps : int
        Pairs of values in a run; 1 for depthwise ones.
    weights : ndarray of int16
        By blocks of 16 output channels; as the tile says.
    bias : ndarray of int32, shape (blocks, 16)
    values_at, sums_at : ndarray of int64, shape (blocks,)
        First input channel, and first output channel. Blocks may overlap; the later ones count.
    channels : int
        Output channels; the sums of a pixel take 16 places more.
    """

    runs: Int64
    steps: int
    weights: NDArray[np.int16]
    bias: NDArray[np.int32]
    values_at: Int64
    sums_at: Int64
    channels: int


@compiled
def _accumulate(
    values: NDArray[np.int16],
    height: int,
    width: int,
    first: int,
    line: int,
    step: int,
    factors: Factors,
    depthwise: bool,
    sums: NDArray[np.int32],
) -> None:
    """Sum products for a rectangle of pixels: `line` values from row to row, `step` in a row."""
    pitch = factors.channels + LANES
    per_block = len(factors.weights) // len(factors.values_at)
    for block in range(len(factors.values_at)):
        weights_at, bias_at = block * per_block, block * LANES
        sums_at = factors.sums_at[block]
        for y in range(height):
            at = first + y * line + factors.values_at[block]
            x = 0
            while x < width:
                if width < ROWS:
                    place, count = x, 1
                else:
                    # The last tile may overlap the one before.
                    place, count = min(x, width - ROWS), ROWS
                here, there = at + place * step, (y * width + place) * pitch + sums_at
                if depthwise:
                    if count == 1:
                        _row_depthwise(
                            values, here, step, factors.runs, 1, factors.weights, weights_at,
                            factors.bias, bias_at, sums, there, pitch,
                        )  # fmt: skip
                    else:
                        _rows_depthwise(
                            values, here, step, factors.runs, 1, factors.weights, weights_at,
                            factors.bias, bias_at, sums, there, pitch,
                        )  # fmt: skip
                elif count == 1:
                    _row_tile(
                        values, here, step, factors.runs, factors.steps, factors.weights,
                        weights_at, factors.bias, bias_at, sums, there, pitch,
                    )  # fmt: skip
                else:
                    _rows_tile(
                        values, here, step, factors.runs, factors.steps, factors.weights,
                        weights_at, factors.bias, bias_at, sums, there, pitch,
                    )  # fmt: skip
                x += count


@compiled
def multiply(
    codes: NDArray[np.integer],
    gain: int,
    zero: int,
    factors: Factors,
    scaling: Scaling,
    results: NDArray[np.integer],
) -> None:
    """Multiply rows of codes, (rows, inputs), with a matrix: ``gain * code - zero`` is a value."""
    rows, inputs = codes.shape
    pitch = factors.channels + LANES
    chunk = min(rows, max(ROWS, _CHUNK // pitch))
    values = np.zeros(chunk * inputs + 2 * LANES, dtype=np.int16)
    sums = np.empty(chunk * pitch + LANES, dtype=np.int32)
    for first in range(0, rows, chunk):
        count = min(chunk, rows - first)
        for row in range(count):
            for column in range(inputs):
                value = np.int32(codes[first + row, column]) * np.int32(gain) - np.int32(zero)
                values[row * inputs + column] = value
        _accumulate(values, 1, count, 0, 0, inputs, factors, False, sums)
        part = results[first : first + count]
        requantize_rows(sums[: count * pitch].reshape(count, pitch), scaling, part)


@compiled
def convolve(
    codes: NDArray[np.integer],
    gain: int,
    zero: int,
    padding: tuple[int, int],
    padded: tuple[int, int],
    repeated: int,
    stride: tuple[int, int],
    factors: Factors,
    depthwise: bool,
    scaling: Scaling,
    results: NDArray[np.integer],
) -> None:
    """Convolve images, (samples, height, width, channels): ``gain * code - zero`` is a value.

    Parameters
    ----------
    padding, padded : (int, int)
        Zeros above and to the left; height and width with all padding.
    repeated : int
        Times that each channel is repeated, for depthwise convolutions with a multiplier.
    """
    samples, height, width, channels = codes.shape
    _, rows, columns, _ = results.shape
    pitch, step = factors.channels + LANES, channels * repeated
    line = padded[1] * step
    values = np.zeros(padded[0] * line + 2 * LANES, dtype=np.int16)
    chunk = min(rows, max(1, _CHUNK // (columns * pitch)))
    sums = np.empty(chunk * columns * pitch + LANES, dtype=np.int32)
    for sample in range(samples):
        for y in range(height):
            at = (y + padding[0]) * line + padding[1] * step
            if repeated == 1:
                for x in range(width):
                    for channel in range(channels):
                        value = np.int32(codes[sample, y, x, channel]) * np.int32(gain)
                        values[at + x * step + channel] = value - np.int32(zero)
            else:
                for x in range(width):
                    for channel in range(step):
                        code = np.int32(codes[sample, y, x, channel // repeated])
                        values[at + x * step + channel] = code * np.int32(gain) - np.int32(zero)
        for first in range(0, rows, chunk):
            count = min(chunk, rows - first)
            _accumulate(
                values, count, columns, first * stride[0] * line, stride[0] * line,
                stride[1] * step, factors, depthwise, sums,
            )  # fmt: skip
            pixels = count * columns
            part = results[sample, first : first + count].reshape(pixels, factors.channels)
            requantize_rows(sums[: pixels * pitch].reshape(pixels, pitch), scaling, part)
