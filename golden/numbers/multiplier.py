"""Real scales as integer multipliers and exponents.

The only place where a floating-point scale becomes integers for fixed-point requantization.
"""

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Float64, Int64

TFLITE_MULTIPLIER_WIDTH = 31
"""Fraction bits of TFLite's Q0.31 multiplier."""


def quantize_multiplier(
    scale: ArrayLike, multiplier_width: int = TFLITE_MULTIPLIER_WIDTH
) -> tuple[Int64, Int64]:
    """Write each scale as ``multiplier / 2**multiplier_width * 2**exponent``.

    ``m, e = frexp(scale); M = round_half_away(m * 2**width)``, renormalized when M reaches
    ``2**width``, and zero where ``e < -width``. With a width of 31 this is TFLite's
    ``QuantizeMultiplier`` (tensorflow/lite/kernels/internal/quantization_util.cc).

    Parameters
    ----------
    scale : array_like of float64
        Finite, not negative.
    multiplier_width : int
        Fraction bits of the multiplier, 1 to 31.

    Returns
    -------
    multiplier : ndarray of int64
        Zero, or in [2**(width-1), 2**width).
    exponent : ndarray of int64
        Power of two that scales the multiplier; positive means a left shift.

    Raises
    ------
    UserError
        If a scale is negative or not finite, or the width is out of range.
    """
    if not 1 <= multiplier_width <= 31:
        raise UserError(f"multiplier_width is {multiplier_width!r}; allowed: 1 to 31 bits")
    values = np.asarray(scale, dtype=np.float64)
    if not np.all(np.isfinite(values) & (values >= 0)):
        raise UserError("scale has a negative or non-finite element; scales are finite and >= 0")
    mantissa, exponent = np.frexp(values)
    multiplier = np.floor(mantissa * 2.0**multiplier_width + 0.5).astype(np.int64)
    exponent = exponent.astype(np.int64)
    overflowed = multiplier == 1 << multiplier_width
    multiplier = np.where(overflowed, multiplier >> 1, multiplier)
    exponent = exponent + overflowed
    vanished = exponent < -multiplier_width
    return np.where(vanished, 0, multiplier), np.where(vanished, 0, exponent)


def quantize_multiplier_16x8(scale: ArrayLike) -> tuple[Int64, Int64]:
    """Reduce TFLite's multiplier to the 15 fraction bits that its 16x8 kernels use.

    ``M16 = min((M + 2**15) >> 16, 0x7FFF)`` (MultiplyByQuantizedMultiplier for int64 accumulators,
    tensorflow/lite/kernels/internal/common.cc).

    Returns
    -------
    multiplier, exponent : ndarray of int64
        For a specification whose ``multiplier_width`` is 15.
    """
    multiplier, exponent = quantize_multiplier(scale)
    return np.minimum((multiplier + (1 << 15)) >> 16, 0x7FFF), exponent


def convolution_scale(input_scale: float, weight_scale: ArrayLike, output_scale: float) -> Float64:
    """Scale of a convolution's accumulator, as TFLite forms it from float32 scales.

    ``double(s_in) * double(s_w[c]) / double(s_out)``; also for depthwise and per-channel fully
    connected layers.
    """
    weight = np.asarray(weight_scale, dtype=np.float32).astype(np.float64)
    scale = float(np.float32(input_scale)) * weight / float(np.float32(output_scale))
    return np.asarray(scale, dtype=np.float64)


def fully_connected_scale(input_scale: float, weight_scale: float, output_scale: float) -> Float64:
    """Scale of a per-tensor fully connected layer's accumulator.

    ``double(float32(s_in * s_w)) / double(s_out)``: the product is rounded to float32 first.
    """
    product = np.float32(input_scale) * np.float32(weight_scale)
    return np.asarray(float(product) / float(np.float32(output_scale)), dtype=np.float64)
