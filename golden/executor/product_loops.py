"""Loops of matrix products and convolutions in integers, requantized before they leave the cache.

Values are 16 bits wide and sums 32; see `golden.executor.tile`. `golden.executor.products` makes
what they are given, and says where no sum needs more.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.compiled import compiled
from bittrue.golden.executor.loops import Corrections, NarrowScaling, correct, scale_narrow
from bittrue.golden.executor.tile import LANES, ROWS, depthwise_tile, fastest_multiply, matrix_tile
from bittrue.golden.numbers.arrays import Int32, Int64

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
    bias : ndarray of int32, shape (16 * blocks,)
    values_at, sums_at : ndarray of int64, shape (blocks,)
        First input channel, and first output channel. Blocks may overlap; the later ones count.
    channels : int
        Output channels; the sums of a pixel take 16 places more.
    """

    runs: Int64
    steps: int
    weights: NDArray[np.int16]
    bias: Int32
    values_at: Int64
    sums_at: Int64
    channels: int


_HEADER = 9
"""Numbers before the arrays of a `Product`."""


class Product(NamedTuple):
    """Everything a product needs, in two arrays: to hand over thirty things takes longer than it.

    Parameters
    ----------
    weights : ndarray of int16
        See `Factors`.
    numbers : ndarray of int64
        As `packed` lays them out and `_unpacked` finds them.
    """

    weights: NDArray[np.int16]
    numbers: Int64

    @classmethod
    def packed(
        cls,
        gain: int,
        zero: int,
        factors: Factors,
        scaling: NarrowScaling,
        corrections: Corrections,
    ) -> "Product":
        """Pack a product of values that are ``gain * code - zero``."""
        header = (
            gain, zero, factors.steps, factors.channels, scaling.minimum, scaling.maximum,
            len(factors.runs), len(factors.values_at), len(corrections.channels),
        )  # fmt: skip
        words = (factors.bias, scaling.multiplier, scaling.offset)
        arrays = (
            factors.runs, factors.values_at, factors.sums_at, scaling.constant,
            scaling.below_zero, scaling.shift, *corrections, *(_paired(each) for each in words),
        )  # fmt: skip
        return cls(factors.weights, np.concatenate([np.array(header, dtype=np.int64), *arrays]))


def _paired(words: Int32) -> Int64:
    """Return words of 32 bits as half as many of 64."""
    return np.append(words, words[: len(words) % 2]).view(np.int64)


@compiled
def _unpacked(
    weights: NDArray[np.int16], numbers: Int64
) -> tuple[int, int, Factors, NarrowScaling, Corrections]:
    """Return what `Product.packed` was given."""
    channels, runs, blocks, corrected = numbers[3], numbers[6], numbers[7], numbers[8]
    sizes = (runs, blocks, blocks, channels, channels, channels, corrected, corrected, corrected)
    ends = np.cumsum(np.array((_HEADER, *sizes)))
    run, values_at, sums_at = (
        numbers[ends[0] : ends[1]], numbers[ends[1] : ends[2]], numbers[ends[2] : ends[3]],
    )  # fmt: skip
    constant, below_zero, shift = (
        numbers[ends[3] : ends[4]], numbers[ends[4] : ends[5]], numbers[ends[5] : ends[6]],
    )  # fmt: skip
    words = numbers[ends[9] :].view(np.int32)
    bias, rest = words[: blocks * LANES], words[blocks * LANES :]
    even = channels + channels % 2
    return (
        numbers[0],
        numbers[1],
        Factors(run, numbers[2], weights, bias, values_at, sums_at, channels),
        NarrowScaling(
            rest[:channels], constant, below_zero, shift, rest[even : even + channels],
            numbers[4], numbers[5],
        ),
        Corrections(
            numbers[ends[6] : ends[7]], numbers[ends[7] : ends[8]], numbers[ends[8] : ends[9]]
        ),
    )  # fmt: skip


@compiled
def _requantize(
    sums: Int32, scaling: NarrowScaling, corrections: Corrections, results: NDArray[np.integer]
) -> None:
    """Requantize the sums of as many pixels as there are rows of results."""
    rows, channels = results.shape
    pitch = channels + LANES
    accumulators = sums[: rows * pitch].reshape(rows, pitch)
    scale_narrow(
        accumulators, scaling.multiplier, scaling.constant, scaling.below_zero, scaling.shift,
        scaling.offset, scaling.minimum, scaling.maximum, results,
    )  # fmt: skip
    if len(corrections.channels):
        correct(
            accumulators, corrections.channels, corrections.exceptions, corrections.corrections,
            results,
        )  # fmt: skip


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
    sums: Int32,
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
    weights: NDArray[np.int16],
    numbers: Int64,
    results: NDArray[np.integer],
) -> None:
    """Multiply rows of codes, (rows, inputs), with a matrix; see `Product`."""
    gain, zero, factors, scaling, corrections = _unpacked(weights, numbers)
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
        _requantize(sums, scaling, corrections, results[first : first + count])


@compiled
def convolve(
    codes: NDArray[np.integer],
    weights: NDArray[np.int16],
    numbers: Int64,
    padding: tuple[int, int],
    padded: tuple[int, int],
    stride: tuple[int, int],
    repeated: int,
    results: NDArray[np.integer],
) -> None:
    """Convolve images, (samples, height, width, channels); see `Product`.

    Parameters
    ----------
    padding, padded : (int, int)
        Zeros above and to the left; height and width with all padding.
    repeated : int
        Zero, or for depthwise convolutions how many output channels see each of the input.
    """
    gain, zero, factors, scaling, corrections = _unpacked(weights, numbers)
    depthwise, repeated = repeated > 0, max(repeated, 1)
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
            part = results[sample, first : first + count]
            part = part.reshape(count * columns, factors.channels)
            _requantize(sums, scaling, corrections, part)
