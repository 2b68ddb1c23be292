"""Functions of one code that LiteRT computes with numbers of its own, as tables of all codes.

Sources: tensorflow/lite/kernels/elementwise.cc, exp.cc, neg.cc, activations.cc and
internal/reference/integer_ops/logistic.h, tanh.h.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.gemmlowp import (
    high_multiply,
    inverse_square_root,
    multiply_by_quantized_multiplier,
)
from bittrue.golden.numbers.interpolated import Real, interpolated, interpolated_table
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.real_rounding import round_half_away
from bittrue.golden.numbers.sigmoid16 import interpolated_sigmoid, is_beyond


def values_of(source: QuantType) -> Int64:
    """Return code less zero point for every code, ascending."""
    return np.arange(source.type.minimum, source.type.maximum + 1) - source.zero_point


def saturated(codes: Int64, output: QuantType) -> Int64:
    """Return codes limited to the output's type."""
    return np.clip(codes, output.type.minimum, output.type.maximum)


def float_table(
    function: Callable[[Float32], Float32],
    source: QuantType,
    output: QuantType,
    dtype: Any = np.float32,
) -> Int64:
    """Return what LUTPopulate, tensorflow/lite/kernels/internal/common.h, makes of a function.

    ``round_half_away(f(scale * value) * (1 / output scale)) + zero point``, all in float32; with
    16-bit codes, of 512 steps, and interpolated between them.
    """
    if source.type.width == 16:
        table = interpolated_table(function, source.scale, 0, output.scale, dtype)
        return interpolated(values_of(source), table)
    real = source.scale32 * values_of(source).astype(np.float32)
    scaled = function(real) * (np.float32(1) / output.scale32)
    limited = np.clip(round_half_away(scaled), -(2.0**30), 2.0**30).astype(np.int64)
    return saturated(limited + output.zero_point, output)


def exp(real: Real) -> Real:
    """Exp in the type of its argument."""
    # Through float64: numpy's own float32 functions are further off than the C library's.
    with np.errstate(over="ignore"):
        return np.exp(real.astype(np.float64)).astype(real.dtype)


def gelu(real: Real) -> Real:
    """``x / 2 * erfc(-x / sqrt(2))``."""
    kind = real.dtype.type
    tail = np.vectorize(math.erfc)((real * kind(-math.sqrt(0.5))).astype(np.float64))
    return kind(0.5) * real * tail.astype(real.dtype)


def gelu_by_tanh(real: Real) -> Real:
    """``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))``."""
    kind = real.dtype.type
    inner = real + kind(0.044715) * real * real * real
    inner = kind(math.sqrt(2 / math.pi)) * inner
    return kind(0.5) * real * (kind(1) + np.tanh(inner.astype(np.float64)).astype(real.dtype))


def log_table(source: QuantType, output: QuantType) -> Int64:
    """LOG, the lowest code at zero and below."""
    lowest = np.float32(output.type.minimum - output.zero_point) * output.scale32

    def log(real: Real) -> Real:
        positive = real > 0
        inside = np.log(np.where(positive, real, 1).astype(np.float64)).astype(real.dtype)
        return np.where(positive, inside, lowest).astype(real.dtype)

    return float_table(log, source, output)


def absolute_table(source: QuantType, output: QuantType, wide: bool = False) -> Int64:
    """ABS, requantized where the scales differ, by a ratio formed in float64 if `wide`."""
    values = np.abs(values_of(source))
    if source.scale != output.scale:
        scale = source.scale / output.scale if wide else float(source.scale32 / output.scale32)
        values = multiply_by_quantized_multiplier(values, *_fitting("ABS", scale, source))
    return saturated(values + output.zero_point, output)


def negated_table(source: QuantType, output: QuantType) -> Int64:
    """NEG, which negates codes as they are, whatever their scales; the lowest stays."""
    if source.zero_point or output.zero_point or source.scale != output.scale:
        raise UserError(
            f"NEG reads scale {source.scale}, zero point {source.zero_point} and makes "
            f"{output.scale}, {output.zero_point}, but the kernels negate codes as they are; "
            "allowed: one scale and zero points 0"
        )
    codes = -values_of(source)
    return np.where(codes > source.type.maximum, source.type.minimum, codes)


def square_root_table(source: QuantType, output: QuantType) -> Int64:
    """SQRT in float32, cut off; codes below zero, which the kernel refuses, are as zero."""
    values = np.maximum(values_of(source), 0)
    real = np.sqrt(source.scale32 * values.astype(np.float32)) / output.scale32
    return saturated(np.trunc(real).astype(np.int64) + output.zero_point, output)


def inverse_square_root_table(source: QuantType, output: QuantType, wide: bool = False) -> Int64:
    """RSQRT by Newton's method; codes below zero, which the kernel refuses, are as zero.

    The root of the input's scale is formed in float64 if `wide`.
    """
    values = np.maximum(values_of(source), 0)
    root = math.sqrt(source.scale) if wide else float(np.sqrt(source.scale32))
    scale = 1.0 / (root * output.scale)
    multiplier, exponent = (int(value) for value in quantize_multiplier(scale))
    shift = 20
    inverse, exponents = inverse_square_root(np.maximum(values, 1))
    data = high_multiply(np.int64(1) << (exponents + shift), inverse)
    if exponent - shift > 10:
        raise UserError(f"RSQRT scales by {scale}; the reference's 32 bits would overflow")
    codes = multiply_by_quantized_multiplier(data, multiplier, exponent - shift)
    codes = saturated(codes + output.zero_point, output)
    return np.where(values == 0, output.type.maximum, codes)


def interpolated_inverse_square_root_table(source: QuantType, output: QuantType) -> Int64:
    """RSQRT of 16-bit codes, interpolated."""
    greatest = np.float32(output.type.maximum) * output.scale32

    def inverse(real: Real) -> Real:
        positive = real > 0
        inside = real.dtype.type(1) / np.sqrt(np.where(positive, real, 1).astype(real.dtype))
        return np.where(positive, inside, greatest).astype(real.dtype)

    return float_table(inverse, source, output)


def sigmoid16_table(function: str, source: QuantType, output: QuantType) -> Int64:
    """LOGISTIC and TANH of 16-bit codes: a table of sigmoids of 256 steps, interpolated.

    The input's scale becomes 1 / (3 * 4096), so that the table ends at 10.7.
    """
    if round(math.log2(output.scale)) != -15 or abs(math.log2(output.scale) + 15) >= 1e-3:
        raise UserError(f"{function} has an output of scale {output.scale}; allowed: {2.0**-15}")
    if takes_16_bits_as_they_are(function, source):
        multiplier, shift = 3 << (12 + round(math.log2(source.scale))), 0
    else:
        real, shift = source.scale * 4096.0 * 3.0, 0
        while real <= 32767.0 / 2.0 and shift <= 30:
            real, shift = real * 2, shift + 1
        if real >= 32768:
            raise UserError(f"{function} has input scale {source.scale}; the reference overflows")
        multiplier = int(real)
    scaled = (values_of(source) * multiplier + ((1 << shift) >> 1)) >> shift
    magnitude = np.abs(scaled)
    bits = 8 if function == "TANH" else 9
    sigmoid, beyond = interpolated_sigmoid(magnitude, bits), is_beyond(magnitude, bits)
    if function == "TANH":
        sigmoid = np.where(beyond, 0xFFFF << 8, sigmoid)
        half, rounding = 1 << 23, 1 << 7
        codes = np.where(scaled >= 0, sigmoid - half + rounding, half - sigmoid + rounding - 1)
        return codes >> 8
    sigmoid = np.where(beyond, 0x7FFF << 10, sigmoid)
    codes = np.where(scaled >= 0, sigmoid + (1 << 9), (1 << 25) - sigmoid + (1 << 9) - 1)
    return codes >> 10


def takes_16_bits_as_they_are(function: str, source: QuantType) -> bool:
    """Return whether LOGISTIC or TANH of 16-bit codes needs no multiplier for its input."""
    power = math.log2(source.scale)
    highest = -11 if function == "TANH" else -12
    return abs(power - round(power)) < 1e-3 and -12 <= round(power) <= highest


def _fitting(function: str, scale: float, source: QuantType) -> tuple[int, int]:
    """Return a multiplier that leaves shifted codes within the reference's 32 bits."""
    multiplier, exponent = (int(value) for value in quantize_multiplier(scale))
    if exponent > 31 - source.type.width - 1:
        raise UserError(f"{function} scales by {scale}; the reference's 32 bits would overflow")
    return multiplier, exponent
