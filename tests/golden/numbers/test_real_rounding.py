"""Rounding half away from zero is that of exact fractions, for either type of real numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from bittrue.golden.numbers.real_rounding import round_half_away


def exactly(value: float) -> int:
    magnitude = math.floor(abs(Fraction(value)) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_exact_fractions(dtype: type[np.floating]) -> None:
    halves = np.arange(-300, 300, dtype=dtype) / dtype(2)
    large = np.ldexp(dtype(1), np.arange(0, 60)).astype(dtype) + dtype(0.5)
    numbers = np.concatenate([halves, large, -large])
    numbers = np.concatenate(
        [numbers, np.nextafter(numbers, dtype(np.inf)), np.nextafter(numbers, dtype(-np.inf))]
    )
    rounded = round_half_away(numbers)
    assert rounded.dtype == dtype
    assert [int(value) for value in rounded] == [exactly(float(value)) for value in numbers]


def test_half_added_and_floored_is_not_it() -> None:
    """Negative control: what is often written for it is one off below one half."""
    below = np.nextafter(0.5, 0)
    assert np.floor(below + 0.5) == 1
    assert round_half_away(np.array([below, -below])).tolist() == [0, 0]


def test_infinities_stay() -> None:
    assert round_half_away(np.array([np.inf, -np.inf])).tolist() == [np.inf, -np.inf]
