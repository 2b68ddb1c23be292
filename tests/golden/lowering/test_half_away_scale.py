"""Scales that have given thresholds, and products beyond 64 bits, against rational numbers."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from bittrue.golden.certificates.certificate import CertificateError, StepFunction
from bittrue.golden.certificates.certificate_search import find_steps
from bittrue.golden.errors import UserError
from bittrue.golden.graph import FixedPoint
from bittrue.golden.lowering.half_away_scale import half_away_scale
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.requant import requantize
from tests.support.exact_requantization import ONCE, half_away

INT16, INT48 = IntegerType(16, True), IntegerType(48, True)


Pair = tuple[int, int]


def steps_of(scale: Fraction, ends: Pair, zero: int, clamp: Pair) -> StepFunction:
    """Return what a scale does to every accumulator, by rational numbers."""

    def reference(accumulator: np.ndarray) -> np.ndarray:
        flat = [half_away(int(each) * scale) + zero for each in accumulator.reshape(-1)]
        return np.clip(flat, *clamp).reshape(accumulator.shape)

    return find_steps(reference, [ends[0]], [ends[1]])


CASES = [
    (Fraction(3, 100), (-300, 250), 0, (-16, 15)),
    (Fraction(3, 100), (-100, 250), 3, (-16, 15)),
    (Fraction(7, 64), (-500, 500), -2, (-10, 15)),
    (Fraction(1, 999), (-400, 400), 0, (-16, 15)),
    (Fraction(5, 7), (40, 300), 0, (-16, 400)),
    (Fraction(5, 7), (-300, -40), 5, (-400, 15)),
    (Fraction(9, 10), (-5, 5), 0, (0, 15)),
]


@pytest.mark.parametrize(("scale", "ends", "zero", "clamp"), CASES)
def test_the_scale_has_every_threshold_and_none_is_shorter(
    scale: Fraction, ends: Pair, zero: int, clamp: Pair
) -> None:
    steps = steps_of(scale, ends, zero, clamp)
    found = half_away_scale(steps, 0, zero, clamp)
    accumulators = np.arange(ends[0], ends[1] + 1)
    expected = steps.evaluate(accumulators[:, None])[:, 0]

    def agrees(multiplier: int, shift: int) -> bool:
        magnitude = (np.abs(accumulators) * multiplier + ((1 << shift) >> 1)) >> shift
        codes = np.clip(np.sign(accumulators) * magnitude + zero, *clamp)
        return bool((codes == expected).all())

    assert agrees(found.multiplier, found.shift)
    shorter = found.shift - 1  # A scale with fewer bits still is one with these.
    assert shorter < 0 or not any(agrees(m, shorter) for m in range((1 << shorter) + 1))


def test_thresholds_of_no_scale_are_refused() -> None:
    scale, ends, zero, clamp = CASES[0]
    steps = steps_of(scale, ends, zero, clamp)
    steps.thresholds[0][3] += 9
    with pytest.raises(CertificateError, match="no single scale has the thresholds of channel 0"):
        half_away_scale(steps, 0, zero, clamp)


@pytest.mark.parametrize("rounding", ONCE)
@pytest.mark.parametrize("width", [32, 40, 51, 62])
def test_wide_products_are_rounded_once(rounding: Rounding, width: int) -> None:
    """Accumulators and multipliers of every length, exact halves among the products."""
    random = np.random.default_rng(width)
    spec = RequantSpec(INT48, INT16, width, maximum_exponent=0, roundings=(rounding,))
    multiplier = random.integers(0, 1 << width, 60) >> random.integers(0, width, 60)
    multiplier[:15] = 1 << (width - 1)
    exponent = -random.integers(0, 32, 60)
    wide = FixedPoint(RequantChannels(spec, multiplier, exponent), rounding)
    codes = random.integers(-(1 << 47), 1 << 47, (60, 60)) >> random.integers(0, 47, (60, 60))
    result = wide.evaluate(codes)
    for (row, channel), accumulator in np.ndenumerate(codes):
        product = int(accumulator) * int(multiplier[channel])
        real = Fraction(product, 1 << (width - int(exponent[channel])))
        expected = min(max(ONCE[rounding](real), INT16.minimum), INT16.maximum)
        assert result[row, channel] == expected


def test_wide_multipliers_are_for_scales_below_one_that_are_rounded_once() -> None:
    for wrong in ({"maximum_exponent": 1, "roundings": (Rounding.FLOOR,)}, {"maximum_exponent": 0}):
        with pytest.raises(UserError, match="multiplier_width is 32; allowed: 1 to 31 bits; more"):
            RequantSpec(multiplier_width=32, **wrong)
    spec = RequantSpec(multiplier_width=32, maximum_exponent=0, roundings=(Rounding.FLOOR,))
    with pytest.raises(UserError, match="here allowed: up to 31 bits"):
        requantize(torch.zeros(1, dtype=torch.int64), RequantChannels(spec, 1, 0), Rounding.FLOOR)
