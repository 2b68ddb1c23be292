"""Fixed-point functions of gemmlowp, which TensorFlow Lite's integer kernels are built from.

Numbers in Qm.n are integers that stand for ``integer / 2**n``; all fit 32 bits. Its
RoundingDivideByPOT is `golden.numbers.shifts.half_away`.

Source: gemmlowp's fixedpoint/fixedpoint.h.
"""

import numpy as np

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.shifts import half_away, half_up

ONE = (1 << 31) - 1
"""1.0 in Q0.31, saturated."""

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
FORTY_EIGHT_SEVENTEENTHS = 1515870810
"""48/17 in Q2.29."""

MINUS_THIRTY_TWO_SEVENTEENTHS = -1010580540
"""-32/17 in Q2.29."""


def high_multiply(a: Int64, b: Int64 | int) -> Int64:
    """SaturatingRoundingDoublingHighMul, for operands that are not both -2**31."""
    return half_up(a * b, 31)


def multiply_by_quantized_multiplier(value: Int64, multiplier: int, exponent: int) -> Int64:
    """MultiplyByQuantizedMultiplier: ``value * multiplier * 2**(exponent - 31)``."""
    shifted = value << max(exponent, 0)
    return half_away(high_multiply(shifted, multiplier), max(-exponent, 0))


def exp_of_negative(value: Int64, integer_bits: int) -> Int64:
    """Exp in Q0.31 of numbers of at most zero with 31 - `integer_bits` fraction bits."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within_quarter = (value & (quarter - 1)) - quarter
    result = _exp_near_zero(_saturated_left_shift(within_quarter, integer_bits))
    remainder = within_quarter - value
    for power, factor in _EXP_MINUS_POWER.items():
        if power < integer_bits:
            bit = remainder & (1 << (fraction_bits + power))
            result = np.where(bit != 0, high_multiply(result, factor), result)
    return np.where(value == 0, ONE, result)


def one_over_one_plus(value: Int64) -> Int64:
    """1 / (1 + value) for [0, 1) in Q0.31."""
    return _saturated_left_shift(_reciprocal_of_mean(value), 1)


def logistic(value: Int64, integer_bits: int) -> Int64:
    """1 / (1 + exp(-value)) in Q0.31."""
    positive = one_over_one_plus(exp_of_negative(-np.abs(value), integer_bits))
    signed = np.where(value > 0, positive, ONE - positive)
    return np.where(value == 0, 1 << 30, signed)


def tanh(value: Int64, integer_bits: int) -> Int64:
    """Tanh in Q0.31."""
    # Twice the value is the same integer with one more integer bit.
    exponential = exp_of_negative(-np.abs(value), integer_bits + 1)
    magnitude = _saturated_left_shift(_reciprocal_of_mean(exponential) - (1 << 29), 2)
    return np.where(value == 0, 0, np.where(value < 0, -magnitude, magnitude))


def _saturated_left_shift(value: Int64, shift: int) -> Int64:
    return np.clip(value << shift, -(1 << 31), (1 << 31) - 1)


def _exp_near_zero(value: Int64) -> Int64:
    """Exp of [-1/4, 0) in Q0.31, by its Taylor series around -1/8."""
    x = value + (1 << 28)
    x2 = high_multiply(x, x)
    x3 = high_multiply(x2, x)
    x4 = high_multiply(x2, x2)
    inner = high_multiply(half_away(x4, 2) + x3, _ONE_THIRD) + x2
    series = x + half_away(inner, 1)
    return _EXP_MINUS_EIGHTH + high_multiply(series, _EXP_MINUS_EIGHTH)


def _reciprocal_of_mean(value: Int64) -> Int64:
    """2 / (1 + value) in Q2.29 for [0, 1) in Q0.31, by three Newton-Raphson steps."""
    half_denominator = (value + ONE + 1) >> 1
    x = FORTY_EIGHT_SEVENTEENTHS + high_multiply(half_denominator, MINUS_THIRTY_TWO_SEVENTEENTHS)
    for _ in range(3):
        error = (1 << 29) - high_multiply(half_denominator, x)
        x = x + _saturated_left_shift(high_multiply(x, error), 2)
    return x


_HALF_SQRT_TWO = 1518500250  # In Q0.31.


def inverse_square_root(value: Int64) -> tuple[Int64, Int64]:
    """GetInvSqrtQuantizedMultiplierExp: multiplier and exponent of ``1 / sqrt(value)``.

    Parameters
    ----------
    value : ndarray of int64
        1 to 2**29 - 1.

    Returns
    -------
    multiplier, exponent : ndarray of int64
        As of a quantized multiplier.
    """
    bits = np.frexp(value.astype(np.float64))[1].astype(np.int64)
    pairs = (31 - bits) // 2 - 1
    x_input = (value << (2 * pairs)) >> 1  # Q3.28, 1/8 to 2.
    half_input = half_away(x_input, 1)
    x = np.full_like(value, 1 << 28)
    for _ in range(5):
        cube = _saturated_left_shift(high_multiply(high_multiply(x, x), x), 6)
        twice = high_multiply(x, (1 << 28) + (1 << 27)) - high_multiply(half_input, cube)
        x = _saturated_left_shift(twice, 3)
    x = high_multiply(x, _HALF_SQRT_TWO)
    shift = 11 - pairs
    multiplier = x << np.maximum(-shift, 0)
    one = value == 1  # Apart, for it would overflow.
    return np.where(one, ONE, multiplier), np.where(one, 0, -np.maximum(shift, 0))
