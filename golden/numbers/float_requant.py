"""Requantization that references define in floating point.

Circuits never compute these: a certificate (`golden.certificates.certificate_search`) turns each
into integers that give the same code for every reachable accumulator.
"""

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.real_rounding import round_half_away


def requantize_float32_half_even(
    accumulator: Int64,
    scale: ArrayLike,
    zero_point: ArrayLike,
    minimum: ArrayLike,
    maximum: ArrayLike,
) -> Int64:
    """Requantize as ONNX Runtime, XNNPACK and torch's qnnpack do.

        clamp(round_half_even(float32(accumulator) * float32(scale)) + zero_point)

    Parameters
    ----------
    accumulator : ndarray of int64, shape (..., channels)
        Bias included.
    scale : array_like of float32
        ``input_scale * weight_scale / output_scale`` in float32, per channel or one for all.
    zero_point, minimum, maximum : array_like of int
        Zero point and clamp, per channel or one for all.

    Returns
    -------
    ndarray of int64
        Output codes. The clamp is applied around the zero point before rounding, as ONNX Runtime
        does (mlas `MlasRequantizeOutput`); clamping after it gives the same codes.
    """
    zero = np.asarray(zero_point, dtype=np.int64)
    low = (np.asarray(minimum, dtype=np.int64) - zero).astype(np.float32)
    high = (np.asarray(maximum, dtype=np.int64) - zero).astype(np.float32)
    scaled = np.asarray(accumulator).astype(np.float32) * np.asarray(scale, dtype=np.float32)
    return np.rint(np.clip(scaled, low, high)).astype(np.int64) + zero


def requantize_float64_half_away(
    accumulator: Int64,
    input_scale: float,
    weight_scale: ArrayLike,
    output_scale: float,
    zero_point: ArrayLike,
    minimum: ArrayLike,
    maximum: ArrayLike,
) -> Int64:
    """Requantize as LiteRT's reference fully connected kernel does.

        round_half_away(double(acc) * double(s_in) * double(s_w) / double(s_out)) + zero_point

    evaluated from left to right, then clamped. Scales are float32; `weight_scale` is per channel
    or one for all. With 16-bit activations LiteRT's optimized kernel computes the same.

    Returns
    -------
    ndarray of int64
        Output codes.
    """
    input32, output32 = np.float64(np.float32(input_scale)), np.float64(np.float32(output_scale))
    weight = np.asarray(weight_scale, dtype=np.float32).astype(np.float64)
    real = np.asarray(accumulator).astype(np.float64) * input32 * weight / output32
    code = np.clip(round_half_away(real), -(2.0**40), 2.0**40).astype(np.int64)
    zero = np.asarray(zero_point, dtype=np.int64)
    return np.clip(code + zero, np.asarray(minimum), np.asarray(maximum))
