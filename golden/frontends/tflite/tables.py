"""Functions of one code, as tables of all of them."""

from collections.abc import Callable
from functools import partial

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite import elementwise
from bittrue.golden.frontends.tflite.elementwise import exp, float_table, saturated, values_of
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.gemmlowp import (
    logistic,
    multiply_by_quantized_multiplier,
    tanh,
)
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.real_rounding import round_half_away
from bittrue.golden.numbers.shifts import half_away


def _logistic32(real: Float32) -> Float32:
    return np.float32(1) / (np.float32(1) + exp(-real))


def _elu32(real: Float32) -> Float32:
    return np.where(real < 0, np.expm1(real.astype(np.float64)).astype(np.float32), real)


def _tanh32(real: Float32) -> Float32:
    return np.tanh(real.astype(np.float64)).astype(np.float32)


FLOAT_FUNCTIONS: dict[str, Callable[[Float32], Float32]] = {
    "LOGISTIC": _logistic32,
    "TANH": _tanh32,
    "ELU": _elu32,
    "EXP": exp,
    "GELU": elementwise.gelu,
    "GELU_BY_TANH": elementwise.gelu_by_tanh,
}
"""Functions that LiteRT evaluates in float32 for every code."""


TABLES: dict[tuple[str, int], Callable[[QuantType, QuantType], Int64]] = {
    ("ABS", 8): elementwise.absolute_table,
    ("LOG", 8): elementwise.log_table,
    ("LOG", 16): elementwise.log_table,
    ("NEG", 8): elementwise.negated_table,
    ("NEG", 16): elementwise.negated_table,
    ("RSQRT", 8): elementwise.inverse_square_root_table,
    ("RSQRT", 16): elementwise.interpolated_inverse_square_root_table,
    ("SQRT", 8): elementwise.square_root_table,
    ("SQRT", 16): elementwise.square_root_table,
    ("LOGISTIC", 16): partial(elementwise.sigmoid16_table, "LOGISTIC"),
    ("TANH", 16): partial(elementwise.sigmoid16_table, "TANH"),
}
"""Functions with kernels of their own, by bits of the codes."""

SIGNED_ONLY = frozenset({"ABS", "LOG", "NEG", "RSQRT", "SQRT", "EXP", "ELU"})
"""Functions whose kernels take no unsigned codes."""

INTERPOLATED = frozenset({"EXP", "GELU", "GELU_BY_TANH"})
"""Functions evaluated in float32 of which there are kernels for 16-bit codes."""


def litert_table(function: str, source: QuantType, output: QuantType, alpha: float) -> Int64:
    """Return a table as LiteRT's kernels fill it."""
    wide = source.type.width == 16
    if function in SIGNED_ONLY and not source.type.signed:
        raise UserError(f"{function} of {source.type} is not supported; allowed: signed codes")
    if function == "LEAKY_RELU":
        return leaky_relu_table(source, output, alpha)
    make = TABLES.get((function, source.type.width))
    if make is not None:
        return make(source, output)
    if wide and function not in INTERPOLATED:
        raise UserError(f"{function} of {source.type} is not supported; allowed: 8 bits")
    if function == "HARD_SWISH":
        return hard_swish_table(source, output)
    return float_table(FLOAT_FUNCTIONS[function], source, output)


def concatenation_table(source: QuantType, output: QuantType) -> Int64:
    """ConcatenationWithScaling, tensorflow/lite/kernels/internal/reference/concatenation.h."""
    ratio = source.scale32 * (np.float32(1) / output.scale32)
    bias = np.float32(-source.zero_point) * ratio
    codes = np.arange(source.type.minimum, source.type.maximum + 1).astype(np.float32)
    scaled = codes * ratio + bias
    return saturated(round_half_away(scaled).astype(np.int64) + output.zero_point, output)


def leaky_relu_table(
    source: QuantType, output: QuantType, alpha: float, wide: bool = False
) -> Int64:
    """QuantizeLeakyRelu, tensorflow/lite/kernels/internal/reference/leaky_relu.h.

    Its scales are formed in float64 if `wide`, else in float32.
    """
    values, kind = values_of(source), np.float64 if wide else np.float32
    sides = []
    for scale in slopes("LEAKY_RELU", source, output, abs(alpha), kind):
        multiplier, exponent = (int(value) for value in quantize_multiplier(scale))
        if exponent > 31 - 17:
            raise UserError(f"LEAKY_RELU scales by {scale}; the reference's 32 bits would overflow")
        sides.append(multiply_by_quantized_multiplier(values, multiplier, exponent))
    negative = -sides[1] if alpha < 0 else sides[1]
    return saturated(np.where(values >= 0, sides[0], negative) + output.zero_point, output)


def slopes(
    function: str,
    source: QuantType,
    output: QuantType,
    alpha: float,
    kind: type[np.floating],
) -> tuple[float, float]:
    """Return the scales of ABS or LEAKY_RELU from zero on and below, formed in a type."""
    ratio = float(kind(source.scale) / kind(output.scale))
    if function == "ABS":
        return ratio, -ratio
    below = kind(source.scale) * kind(np.float32(alpha)) / kind(output.scale)
    return ratio, float(below)


def hard_swish_table(source: QuantType, output: QuantType) -> Int64:
    """HardSwish, tensorflow/lite/kernels/internal/reference/hard_swish.h: 16-bit fixed point."""
    fine_scale = np.float32(1 / 128) * source.scale32
    scale, scale_exponent = _int16_multiplier(float(fine_scale / output.scale32))
    reluish, reluish_exponent = _int16_multiplier(
        float(fine_scale / (np.float32(3) / np.float32(32768)))
    )
    if scale_exponent > 0:
        raise UserError(
            f"HARD_SWISH has scales {source.scale} and {output.scale}, whose ratio the reference "
            "does not take"
        )
    fine = values_of(source) << 7
    on_output_scale = _rounded_high_multiply16(fine, scale)
    gate = fine
    if reluish_exponent > 0:
        gate = _saturate16(gate << (reluish_exponent - 1))
    gate = _rounded_high_multiply16(gate, reluish)
    if reluish_exponent > 0:
        gate = _saturate16(gate << 1)
    if reluish_exponent < 0:
        gate = half_away(gate, -reluish_exponent)
    gate = (gate + (1 << 15)) >> 1
    product = gate * on_output_scale
    truncated = np.where(product < 0, -(-product >> 15), product >> 15)
    shifted = half_away(truncated, -scale_exponent)
    return saturated(shifted + output.zero_point, output)


def _int16_multiplier(scale: float) -> tuple[int, int]:
    """DownScaleInt32ToInt16Multiplier of QuantizeMultiplier."""
    multiplier, exponent = (int(value) for value in quantize_multiplier(scale))
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), exponent


def _rounded_high_multiply16(a: Int64, b: int) -> Int64:
    return (a * b + (1 << 14)) >> 15


def _saturate16(values: Int64) -> Int64:
    return np.clip(values, -(1 << 15), (1 << 15) - 1)


def gemmlowp_table(function: str, source: QuantType, output: QuantType) -> Int64:
    """Return LOGISTIC or TANH in Q4.27 fixed point, as TensorFlow Lite Micro computes them.

    reference_integer_ops::Logistic and Tanh, which know their output's scale.
    """
    integer_bits, values = 4, values_of(source)
    multiplier, exponent = (
        int(v) for v in quantize_multiplier(source.scale * (1 << (31 - integer_bits)))
    )
    if not 0 <= exponent <= 31:
        raise UserError(f"{function} has input scale {source.scale}, which the reference excludes")
    radius = int(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / (1 << exponent))
    inside = np.clip(values, -radius, radius)
    scaled = multiply_by_quantized_multiplier(inside, multiplier, exponent)
    if function == "TANH":
        codes = half_away(tanh(scaled, integer_bits), 31 - 7)
    else:
        codes = half_away(logistic(scaled, integer_bits), 31 - 8) - 128
    codes = np.where(values >= radius, output.type.maximum, codes)
    return saturated(np.where(values <= -radius, output.type.minimum, codes), output)
