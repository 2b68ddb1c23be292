"""Softmax in integers, as TFLite's reference kernel and gemmlowp's fixed point compute it.

Sources: tensorflow/lite/kernels/internal/reference/softmax.h, internal/common.h (GetReciprocal),
internal/quantization_util.cc (PreprocessSoftmaxScaling, CalculateInputRadius), and gemmlowp's
fixedpoint/fixedpoint.h (exp_on_negative_values, one_over_one_plus_x_for_x_in_0_1).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.errors import UserError
from golden.integer_type import IntegerType

Int64 = NDArray[np.int64]

_ONE = (1 << 31) - 1  # 1.0 in Q0.31, saturated.
_DIFFERENCE_INTEGER_BITS = 5
_DIFFERENCE_FRACTION_BITS = 26
_SUM_INTEGER_BITS = 12

_EXP_MINUS_EIGHTH = 1895147668  # exp(-1/8) in Q0.31.
_ONE_THIRD = 715827883  # 1/3 in Q0.31.
_EXP_MINUS_POWER = {  # exp(-2**k) in Q0.31.
    -2: 1672461947,
    -1: 1302514674,
    0: 790015084,
    1: 290630308,
    2: 39332535,
    3: 720401,
    4: 242,
}
_48_OVER_17 = 1515870810  # In Q2.29.
_MINUS_32_OVER_17 = -1010580540  # In Q2.29.


def softmax_exponential(input_scale: float, beta: float, width: int) -> Int64:
    """Return exp in Q0.31 for each difference from the largest code of a row.

    Parameters
    ----------
    input_scale, beta : float
        Float32 values of the model.
    width : int
        Bits of the input codes, at most 8.

    Returns
    -------
    ndarray of int64, shape (2**width,)
        Zero for differences that the reference skips.

    Raises
    ------
    UserError
        If the scale is too small for the reference's arithmetic.
    """
    scaled = min(beta * input_scale * (1 << _DIFFERENCE_FRACTION_BITS), (1 << 31) - 1.0)
    if not scaled > 1:
        raise UserError(f"beta * input scale is {beta * input_scale}; allowed: above 2**-26")
    mantissa, left_shift = math.frexp(scaled)
    multiplier = math.floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, left_shift = multiplier >> 1, left_shift + 1
    largest = (1 << _DIFFERENCE_INTEGER_BITS) - 1
    radius = math.floor(largest * (1 << _DIFFERENCE_FRACTION_BITS) / (1 << left_shift))
    difference = -np.arange(1 << width, dtype=np.int64)
    rescaled = _high_multiply(np.maximum(difference, -radius) << left_shift, multiplier)
    return np.where(difference >= -radius, _exp_of_negative(rescaled), 0)


def softmax(codes: ArrayLike, exponential: Int64, output: IntegerType) -> Int64:
    """Compute softmax over the last dimension.

    Parameters
    ----------
    codes : array_like of int, shape (..., classes)
        Fewer than 4096 classes.
    exponential : ndarray of int64
        As `softmax_exponential` returns it.
    output : IntegerType
        8 or 16 bits; 2**-width is the output's scale and its lowest code stands for zero.

    Returns
    -------
    ndarray of int64
        Codes of the output type, the shape of `codes`.
    """
    wide = np.asarray(codes, dtype=np.int64)
    terms = exponential[wide.max(axis=-1, keepdims=True) - wide]
    total = _half_away(terms, _SUM_INTEGER_BITS).sum(axis=-1, keepdims=True)
    # 32 less the bits of the sum, by a float's exponent: exact below 2**53.
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    reciprocal = _one_over_one_plus((total << headroom) - (1 << 31))
    shift = _SUM_INTEGER_BITS - headroom + 31 - output.width
    codes_out = _half_away(_high_multiply(reciprocal, terms), shift) + output.minimum
    return np.clip(codes_out, output.minimum, output.maximum)


def _high_multiply(a: Int64, b: Int64 | int) -> Int64:
    """SaturatingRoundingDoublingHighMul; no operands here are both -2**31."""
    return (a * b + (1 << 30)) >> 31


def _half_away(value: Int64, shift: Int64 | int) -> Int64:
    """RoundingDivideByPOT."""
    half = (np.int64(1) << shift) >> 1
    magnitude = (np.abs(value) + half) >> shift
    return np.where(value < 0, -magnitude, magnitude)


def _saturated_left_shift(value: Int64, shift: int) -> Int64:
    return np.clip(value << shift, -(1 << 31), (1 << 31) - 1)


def _exp_of_negative(value: Int64) -> Int64:
    """Exp in Q0.31 of numbers of at most zero in Q5.26."""
    quarter = 1 << (_DIFFERENCE_FRACTION_BITS - 2)
    within_quarter = (value & (quarter - 1)) - quarter
    result = _exp_near_zero(_saturated_left_shift(within_quarter, _DIFFERENCE_INTEGER_BITS))
    remainder = within_quarter - value
    for power, factor in _EXP_MINUS_POWER.items():
        bit = remainder & (1 << (_DIFFERENCE_FRACTION_BITS + power))
        result = np.where(bit != 0, _high_multiply(result, factor), result)
    return np.where(value == 0, _ONE, result)


def _exp_near_zero(value: Int64) -> Int64:
    """Exp of [-1/4, 0) in Q0.31, by its Taylor series around -1/8."""
    x = value + (1 << 28)
    x2 = _high_multiply(x, x)
    x3 = _high_multiply(x2, x)
    x4 = _high_multiply(x2, x2)
    inner = _high_multiply(_half_away(x4, 2) + x3, _ONE_THIRD) + x2
    return _EXP_MINUS_EIGHTH + _high_multiply(x + _half_away(inner, 1), _EXP_MINUS_EIGHTH)


def _one_over_one_plus(value: Int64) -> Int64:
    """1 / (1 + value) for [0, 1) in Q0.31, by three Newton-Raphson steps."""
    half_denominator = (value + _ONE + 1) >> 1
    x = _48_OVER_17 + _high_multiply(half_denominator, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - _high_multiply(half_denominator, x)
        x = x + _saturated_left_shift(_high_multiply(x, error), 2)
    return _saturated_left_shift(x, 1)
