"""Loops over accumulators and codes, compiled for the processor at hand by Numba.

Each computes in one pass over memory what would take torch six. Integer arithmetic only, so a
compiler has nothing to round.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.compiled import compiled
from bittrue.golden.numbers.arrays import Int32, Int64


class Scaling(NamedTuple):
    """Arguments of `scale`, but for the accumulators and codes."""

    multiplier: Int64
    constant: Int64
    below_zero: Int64
    shift: int
    minimum: int
    maximum: int


class Corrections(NamedTuple):
    """Arguments of `correct`, but for the accumulators and codes."""

    channels: Int64
    exceptions: Int64
    corrections: Int64


@compiled
def scale(
    accumulators: NDArray[Any],
    multiplier: Int64,
    constant: Int64,
    below_zero: Int64,
    shift: int,
    minimum: int,
    maximum: int,
    codes: NDArray[np.integer],
) -> None:
    """Requantize accumulators.

        code = clamp((accumulator * multiplier + constant) >> shift)

    where ``below_zero`` is added to the constant of negative accumulators.

    Parameters
    ----------
    accumulators : ndarray of shape (rows, channels or more)
        Integers of up to 32 bits, of any integer or floating-point type.
    multiplier, constant, below_zero : ndarray of int64, shape (channels,)
        Sums stay below 2**63.
    shift, minimum, maximum : int
        The same for all channels.
    codes : ndarray of integers, shape (rows, channels)
        Output.
    """
    for row in range(codes.shape[0]):
        for channel in range(codes.shape[1]):
            accumulator = np.int64(np.int32(accumulators[row, channel]))
            # All ones below zero. A condition instead would keep the loop from being vectorized.
            sign = accumulator >> 63
            total = (
                accumulator * multiplier[channel] + constant[channel] + (sign & below_zero[channel])
            )
            codes[row, channel] = min(max(total >> shift, minimum), maximum)


class NarrowScaling(NamedTuple):
    """Arguments of `scale_narrow`, but for the accumulators and codes."""

    multiplier: Int32
    constant: Int64
    below_zero: Int64
    shift: Int64
    offset: Int32
    minimum: int
    maximum: int


@compiled
def scale_narrow(
    accumulators: Int32,
    multiplier: Int32,
    constant: Int64,
    below_zero: Int64,
    shift: Int64,
    offset: Int32,
    minimum: int,
    maximum: int,
    codes: NDArray[np.integer],
) -> None:
    """Requantize accumulators in half the width, which is twice as fast as `scale`.

        code = clamp(((accumulator * multiplier + constant) >> shift) - offset)

    where ``below_zero`` is added to the constant of negative accumulators.

    Parameters
    ----------
    accumulators : ndarray of int32, shape (rows, channels or more)
    multiplier, offset : ndarray of int32, shape (channels,)
    constant, below_zero, shift : ndarray of int64, shape (channels,)
        The constant is so large that no sum is negative, because there are instructions to shift
        lanes by numbers of their own for such sums only; the offset takes it away again, modulo
        2**32. Sums stay below 2**63, and results before the clamp fit 32 bits.
    minimum, maximum : int
    codes : ndarray of integers, shape (rows, channels)
        Output.
    """
    low, high = np.int32(minimum), np.int32(maximum)
    for row in range(codes.shape[0]):
        for channel in range(codes.shape[1]):
            accumulator = np.int64(accumulators[row, channel])
            sign = accumulator >> 63
            total = accumulator * np.int64(multiplier[channel]) + (
                constant[channel] + (sign & below_zero[channel])
            )
            shifted = np.int32(np.uint64(total) >> np.uint64(shift[channel]))
            code = np.int32(shifted - offset[channel])
            codes[row, channel] = min(max(code, low), high)


@compiled
def correct(
    accumulators: NDArray[Any],
    channels: Int64,
    exceptions: Int64,
    corrections: Int64,
    codes: NDArray[np.integer],
) -> None:
    """Correct the codes of single accumulators, each given by its channel; see `scale`."""
    for index in range(len(channels)):
        channel = channels[index]
        for row in range(codes.shape[0]):
            if accumulators[row, channel] == exceptions[index]:
                codes[row, channel] += corrections[index]


@compiled
def look_up(table: NDArray[Any], codes: NDArray[np.integer], results: NDArray[Any]) -> None:
    """Look up each code, not negative; all arrays of one dimension."""
    for index in range(len(codes)):
        results[index] = table[codes[index]]


@compiled
def look_up_pairs(
    table: NDArray[Any], first: NDArray[np.uint8], second: NDArray[np.uint8], results: NDArray[Any]
) -> None:
    """Look up ``first * 256 + second``; all arrays of one dimension."""
    for index in range(len(first)):
        results[index] = table[(np.intp(first[index]) << 8) | np.intp(second[index])]


@compiled
def sum_windows(
    codes: NDArray[np.integer],
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int],
    sums: Int64,
) -> None:
    """Sum codes over the taps of each window that lie inside.

    Parameters
    ----------
    codes : ndarray of integers, shape (samples, height, width, channels)
    size, stride, dilation : (int, int)
        In height and width.
    padding : (int, int)
        Rows above, columns to the left.
    sums : ndarray of int64, shape (samples, output height, output width, channels)
        Output; zero before.
    """
    samples, height, width, channels = codes.shape
    for sample in range(samples):
        for y in range(sums.shape[1]):
            for i in range(size[0]):
                row = y * stride[0] + i * dilation[0] - padding[0]
                if not 0 <= row < height:
                    continue
                for x in range(sums.shape[2]):
                    for j in range(size[1]):
                        column = x * stride[1] + j * dilation[1] - padding[1]
                        if not 0 <= column < width:
                            continue
                        for channel in range(channels):
                            sums[sample, y, x, channel] += codes[sample, row, column, channel]


@compiled
def divide_sums(
    sums: Int64,
    counts: Int64,
    offset: int,
    minimum: int,
    maximum: int,
    codes: NDArray[np.integer],
) -> None:
    """Divide sums of stored codes by how many there were, half away from zero, and clamp.

    Parameters
    ----------
    sums : ndarray of int64, shape (samples, height, width, channels)
    counts : ndarray of int64, shape (height, width)
        Codes in each sum, at least 1.
    offset : int
        ``code = stored + offset``; codes are what is rounded and clamped.
    minimum, maximum : int
    codes : ndarray of integers, shape (samples, height, width, channels)
        Output, stored codes.
    """
    samples, height, width, channels = sums.shape
    for sample in range(samples):
        for y in range(height):
            for x in range(width):
                count = counts[y, x]
                for channel in range(channels):
                    total = sums[sample, y, x, channel] + offset * count
                    mean = (abs(total) + count // 2) // count
                    code = min(max(-mean if total < 0 else mean, minimum), maximum)
                    codes[sample, y, x, channel] = code - offset
