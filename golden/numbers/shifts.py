"""Division by a power of two, with each way to round: the definition of all of them.

Arrays are of int64, or of Python's integers (dtype object) where 64 bits are too few. Shifts are
not negative; one for all, or an array that broadcasts.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.numbers.rounding import Rounding

Integers = NDArray[Any]
"""Of int64 or of Python's integers."""


def half_up(value: Integers, shift: Integers | int) -> Integers:
    """Return the nearest integers to ``value / 2**shift``, halves up."""
    return (value + _half(shift)) >> shift


def half_away(value: Integers, shift: Integers | int) -> Integers:
    """Return the nearest integers to ``value / 2**shift``, halves away from zero."""
    return np.where(value < 0, -half_up(-value, shift), half_up(value, shift))


def half_even(value: Integers, shift: Integers | int) -> Integers:
    """Return the nearest integers to ``value / 2**shift``, halves to the even one."""
    rounded = half_up(value, shift)
    tie = (np.asarray(shift) > 0) & ((rounded << shift) - value == _half(shift))
    return np.where(tie & (rounded & 1 == 1), rounded - 1, rounded)


def truncate(value: Integers, shift: Integers | int) -> Integers:
    """Return ``value / 2**shift`` rounded towards zero."""
    return np.where(value < 0, -(-value >> shift), value >> shift)


def round_shift(
    value: Integers, shift: Integers, first_shift: Integers | int, rounding: Rounding
) -> Integers:
    """Divide integers by ``2**shift`` with a named rounding.

    Parameters
    ----------
    value, shift : ndarray
        Half of ``2**shift`` can be added to the value.
    first_shift : ndarray or int
        Bits that a rounding takes away first, if it rounds twice.
    rounding : Rounding
        Any but stochastic, which is no function of the value.
    """
    match rounding:
        case Rounding.TFLITE_DOUBLE | Rounding.RUY:
            first = np.minimum(shift, first_shift)
            second = half_away if rounding is Rounding.TFLITE_DOUBLE else half_up
            return second(half_up(value, first), shift - first)
        case Rounding.SINGLE_HALF_UP:
            return half_up(value, shift)
        case Rounding.SINGLE_HALF_AWAY:
            return half_away(value, shift)
        case Rounding.SINGLE_HALF_EVEN:
            return half_even(value, shift)
        case Rounding.FLOOR:
            return value >> shift
        case Rounding.TRUNCATE:
            return truncate(value, shift)
    raise ValueError(f"{rounding} is no function of the value")


def _half(shift: Integers | int) -> Integers:
    """Return half of ``2**shift``, in Python's integers where the shift is one."""
    bits = np.asarray(shift)
    return (np.ones_like(bits) << bits) >> 1
