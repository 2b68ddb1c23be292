"""Scales and zero points from ranges, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import (
    QuantType,
    asymmetric_scale,
    power_of_two_scale,
    symmetric_scale,
)

INT8, UINT8 = IntegerType(8, True), IntegerType(8, False)


def test_symmetric_reaches_the_magnitude_with_the_highest_code() -> None:
    scales = symmetric_scale([0.3, 5.0, 0.0], INT8)
    assert scales.tolist() == [np.float32(0.3 / 127), np.float32(5 / 127), 1.0]


@pytest.mark.parametrize(("magnitude", "exponent"), [(127.0, 0), (127.01, 1), (1.0, -6), (63, -1)])
def test_power_of_two_scale(magnitude: float, exponent: int) -> None:
    assert power_of_two_scale([magnitude], INT8).tolist() == [2.0**exponent]


@pytest.mark.parametrize(
    ("low", "high", "codes", "scale", "zero_point"),
    [
        (-1.0, 1.55, INT8, 0.01, -28),
        (0.0, 5.1, UINT8, 0.02, 0),
        (0.0, 5.1, INT8, 0.02, -128),
        (2.0, 5.1, INT8, 0.02, -128),  # Widened to hold zero.
        (-2.55, -1.0, INT8, 0.01, 127),
        (0.0, 0.0, INT8, 1.0, -128),
        (-0.8, 0.7, IntegerType(4, True), 0.1, 0),
    ],
)
def test_asymmetric_spans_the_range(
    low: float, high: float, codes: IntegerType, scale: float, zero_point: int
) -> None:
    scales, zero_points = asymmetric_scale([low], [high], codes)
    assert scales.tolist() == [np.float32(scale)]
    assert zero_points.tolist() == [zero_point]


def test_narrow_codes_are_symmetric() -> None:
    assert QuantType.affine(INT8, 0.5, narrow=True).steps == (-127, 127)
    assert QuantType.affine(INT8, 0.5).steps == (-128, 127)
    assert QuantType.affine(UINT8, 0.5, narrow=True).steps == (0, 255)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: QuantType.affine(INT8, 0.0), "scale is 0.0; allowed: positive and finite"),
        (lambda: QuantType.affine(INT8, float("inf")), "scale is inf"),
        (lambda: QuantType.affine(INT8, float("nan")), "scale is nan"),
        (lambda: QuantType.affine(INT8, 1.0, 128), "zero point 128; allowed: a code of int8"),
        (lambda: QuantType.affine(INT8, 1.0, -128, narrow=True), "allowed: -127 to 127"),
        (lambda: QuantType.signs(-1.0), "scale is -1.0; allowed: positive and finite"),
        (lambda: symmetric_scale(-1.0, INT8), "magnitude is -1.0; allowed: finite"),
        (lambda: symmetric_scale(1.0, IntegerType(1, True)), "int1, which has no positive"),
        (lambda: asymmetric_scale(1.0, 0.0, INT8), "range is 1.0 to 0.0; allowed: finite and"),
    ],
)
def test_wrong_maps_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()
