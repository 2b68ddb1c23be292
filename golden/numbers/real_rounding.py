"""Rounding of real numbers to integers where numpy has no function for it."""

from typing import TypeVar

import numpy as np

from bittrue.golden.numbers.arrays import Float32, Float64

Real = TypeVar("Real", Float32, Float64)


def round_half_away(real: Real) -> Real:
    """Round to the nearest integer, ties away from zero: ``std::round``, C's ``round``.

    Exact for every number: the fraction that is compared with one half is. (``floor(x +
    0.5)`` is one too large for the largest number below one half.) The sign of a zero stays.

    Parameters
    ----------
    real : ndarray of float32 or float64

    Returns
    -------
    ndarray of the same type
        Integers.
    """
    whole = np.trunc(real)
    with np.errstate(invalid="ignore"):  # An infinity has no fraction.
        up = np.abs(real - whole) >= real.dtype.type(0.5)
    return np.where(up, whole + np.copysign(real.dtype.type(1), real), whole)
