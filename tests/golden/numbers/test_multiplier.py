"""Scales as multiplier and exponent, against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.multiplier import (
    convolution_scale,
    fully_connected_scale,
    quantize_multiplier,
    quantize_multiplier_16x8,
)

TWO_TO_31 = 1 << 31


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def exact_quantize_multiplier(scale: float, width: int) -> tuple[int, int]:
    """Return the nearest multiplier below 2**width with a leading one, from the definition."""
    if scale == 0:
        return 0, 0
    value, exponent = Fraction(scale), 0
    while value >= 1:
        value, exponent = value / 2, exponent + 1
    while value < Fraction(1, 2):
        value, exponent = value * 2, exponent - 1
    multiplier = half_up(value * 2**width)
    if multiplier == 2**width:
        multiplier, exponent = multiplier // 2, exponent + 1
    return (0, 0) if exponent < -width else (multiplier, exponent)


@given(
    scale=st.one_of(
        st.floats(min_value=0, allow_infinity=False, allow_nan=False),
        st.floats(min_value=2.0**-40, max_value=2.0**31),
        st.builds(
            # Near a rounding tie, and near the renormalization at 1.0.
            lambda m, e, ulps: float(np.ldexp(m + ulps * 2.0**-22, e - 31)),
            st.integers(1 << 30, (1 << 31) - 1).map(lambda m: m + 0.5),
            st.integers(-33, 20),
            st.integers(-1, 1),
        ),
    ),
    width=st.integers(1, 31),
)
def test_equals_exact_rational_arithmetic(scale: float, width: int) -> None:
    multiplier, exponent = quantize_multiplier(scale, width)
    assert (int(multiplier), int(exponent)) == exact_quantize_multiplier(scale, width)


@pytest.mark.parametrize(
    ("scale", "multiplier", "exponent"),
    [
        (0.0, 0, 0),
        (1.0, 1 << 30, 1),
        (0.5, 1 << 30, 0),
        (0.75, 3 << 29, 0),
        (np.nextafter(1.0, 0.0), 1 << 30, 1),  # Rounds up to 2**31 and is renormalized.
        (2.0**-32, 1 << 30, -31),  # The smallest that survives,
        (np.nextafter(2.0**-32, 0.0), 1 << 30, -31),  # also by rounding up,
        (2.0**-32 * (1 - 2.0**-31), 0, 0),  # and the largest that does not.
        (2.0**20, 1 << 30, 21),
    ],
)
def test_tflite_edge_cases(scale: float, multiplier: int, exponent: int) -> None:
    got = quantize_multiplier(scale)
    assert (int(got[0]), int(got[1])) == (multiplier, exponent)


def test_arrays_keep_their_shape() -> None:
    scale = np.array([[0.5, 0.0], [2.0**-40, 3.0]])
    multiplier, exponent = quantize_multiplier(scale)
    assert multiplier.tolist() == [[1 << 30, 0], [0, 3 << 29]]
    assert exponent.tolist() == [[0, 0], [0, 2]]


@given(st.floats(min_value=2.0**-30, max_value=2.0**10))
def test_16x8_keeps_fifteen_bits(scale: float) -> None:
    wide, wide_exponent = exact_quantize_multiplier(scale, 31)
    multiplier, exponent = quantize_multiplier_16x8(scale)
    expected = 0x7FFF if wide >= 0x7FFF0000 else half_up(Fraction(wide, 1 << 16))
    assert (int(multiplier), int(exponent)) == (expected, wide_exponent)


@given(*[st.floats(min_value=2.0**-20, max_value=4.0, width=32)] * 3)
def test_scales_are_formed_in_the_named_precision(s_in: float, s_w: float, s_out: float) -> None:
    # float32 products are exact in float64, so one rational rounding of the quotient suffices.
    exact_product = Fraction(s_in) * Fraction(s_w)
    assert float(convolution_scale(s_in, s_w, s_out)) == float(exact_product / Fraction(s_out))
    rounded_product = Fraction(float(np.float32(float(exact_product))))
    expected = float(rounded_product / Fraction(s_out))
    assert float(fully_connected_scale(s_in, s_w, s_out)) == expected


def test_scales_take_float32_of_what_is_given() -> None:
    expected = float(np.float32(0.1)) * float(np.float32(0.3)) / float(np.float32(0.7))
    assert convolution_scale(0.1, [0.3, 0.3], 0.7).tolist() == [expected] * 2


@pytest.mark.parametrize("scale", [-0.5, np.nan, np.inf, [0.5, -1e-9]])
def test_unusable_scale(scale: float) -> None:
    with pytest.raises(UserError, match="scale has a negative or non-finite element"):
        quantize_multiplier(scale)


@pytest.mark.parametrize("width", [0, 32])
def test_width_out_of_range(width: int) -> None:
    with pytest.raises(UserError, match=f"multiplier_width is {width}; allowed: 1 to 31 bits"):
        quantize_multiplier(0.5, width)
