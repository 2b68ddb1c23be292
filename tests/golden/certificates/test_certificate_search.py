"""Certificates against exhaustive enumeration of everything that can reach them."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bittrue.golden.certificates.certificate import Certificate, CertificateError, StepFunction
from bittrue.golden.certificates.certificate_search import find_certificate, find_steps
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.golden.numbers.float_requant import (
    requantize_float32_half_even,
    requantize_float64_half_away,
)
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.requant import requantize
from tests.support.exceptional_scales import EXCEPTIONAL, Reference, exceptional

DETERMINISTIC = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]
CHANNELS = 4


def fixed_point(channels: RequantChannels, rounding: Rounding) -> Reference:
    return lambda accumulator: requantize(
        torch.from_numpy(np.ascontiguousarray(accumulator)), channels, rounding
    ).numpy()


def float_defined(name: str, scale: Float64, codes: tuple[int, int, int]) -> Reference:
    if name == "float32":
        return lambda acc: requantize_float32_half_even(acc, scale, *codes)
    return lambda acc: requantize_float64_half_away(acc, 1.0, scale, 1.0, *codes)


def scales(
    generator: np.random.Generator, accumulators: int, span: int, powers_of_two: bool = True
) -> Float64:
    """Return scales under which a range of accumulators covers some or all of the codes.

    Every third can be a power of two, where all ties are exact.
    """
    spread = span / accumulators * generator.uniform(0.3, 2.0, CHANNELS)
    power = 2.0 ** np.round(np.log2(spread))
    return np.where((np.arange(CHANNELS) % 3 == 0) & powers_of_two, power, spread)


def every_accumulator(certificate: Certificate) -> Int64:
    """Return all accumulators (n, channels) that any channel can reach, clipped to each one's."""
    steps = certificate.steps
    low, high = steps.accumulator_minimum, steps.accumulator_maximum
    return np.clip(np.arange(low.min(), high.max() + 1)[:, None], low, high)


CLAMPS = {
    "none": (-128, 127, -7),
    "relu": (-20, 127, -20),
    "relu6": (-20, 95, -20),
    "4 bits": (-8, 7, 1),
    "1 bit": (0, 1, 0),
    "constant": (5, 5, 5),
}
"""Lowest and highest code, and zero point."""


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("rounding", DETERMINISTIC)
def test_fixed_point_is_reproduced_on_every_accumulator(rounding: Rounding, clamp: str) -> None:
    low, high, zero = CLAMPS[clamp]
    generator = np.random.default_rng(len(clamp))
    minimum = -generator.integers(1 << 13, 1 << 15, CHANNELS)
    maximum = generator.integers(1 << 13, 1 << 15, CHANNELS)
    powers_of_two = rounding is not Rounding.SINGLE_HALF_EVEN  # See the test of exceptions.
    scale = scales(generator, 1 << 15, high - low + 1, powers_of_two)
    channels = RequantChannels(RequantSpec(), *quantize_multiplier(scale), zero, low, high)
    reference = fixed_point(channels, rounding)
    certificate = find_certificate(reference, minimum, maximum, zero, low, high)
    accumulator = every_accumulator(certificate)
    assert np.array_equal(certificate.evaluate(accumulator), reference(accumulator))
    assert not certificate.exception.size
    assert certificate.multiplier_width < 24


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_float_references_are_reproduced_on_every_accumulator(name: str, clamp: str) -> None:
    low, high, zero = CLAMPS[clamp]
    generator = np.random.default_rng(len(clamp))
    limit = 1 << 17
    scale = scales(generator, limit, high - low + 1, powers_of_two=name == "float64")
    reference = float_defined(name, scale, (zero, low, high))
    certificate = find_certificate(reference, [-limit] * CHANNELS, limit, zero, low, high)
    accumulator = every_accumulator(certificate)
    assert np.array_equal(certificate.evaluate(accumulator), reference(accumulator))


@pytest.mark.parametrize("name", EXCEPTIONAL)
def test_exceptions_are_listed_where_no_multiplier_suits(name: str) -> None:
    reference, limit = exceptional(name)
    certificate = find_certificate(reference, [-limit], [limit], 0, -128, 127)
    for chunk in np.array_split(np.arange(-limit, limit + 1)[:, None], 20):
        assert np.array_equal(certificate.evaluate(chunk), reference(chunk))
    assert 0 < np.count_nonzero(certificate.correction) <= 32
    with pytest.raises(CertificateError, match="channel 0 has no exact multiplier with a shift"):
        find_certificate(reference, [-limit], [limit], 0, -128, 127, exceptions=0)


@pytest.mark.parametrize("width", [24, 32, 40, 48])
@pytest.mark.parametrize("output", [IntegerType(10, True), IntegerType(9, False)])
def test_wide_accumulators(width: int, output: IntegerType) -> None:
    """Too many to enumerate: both sides of every step, the ends, and random ones between."""
    kind = IntegerType(width, True)
    generator = np.random.default_rng(width)
    scale = scales(generator, 1 << min(width - 1, 26), output.maximum)[:2]
    channels = RequantChannels(RequantSpec(kind, output), *quantize_multiplier(scale))
    reference = fixed_point(channels, Rounding.TFLITE_DOUBLE)
    low, high = np.full(2, kind.minimum), np.full(2, kind.maximum)
    certificate = find_certificate(reference, low, high, 0, output.minimum, output.maximum)
    random = generator.integers(kind.minimum, kind.maximum, (200_000, 2), endpoint=True)
    thresholds = np.concatenate(certificate.steps.thresholds)
    around = np.concatenate([thresholds - 1, thresholds, thresholds + 1, [kind.minimum]])
    around = around.clip(kind.minimum, kind.maximum)
    for accumulator in (random, np.repeat(around[:, None], 2, axis=1)):
        assert np.array_equal(certificate.evaluate(accumulator), reference(accumulator))


def test_thresholds_are_the_first_accumulators_of_their_codes() -> None:
    generator = np.random.default_rng(0)
    multiplier, exponent = quantize_multiplier(scales(generator, 1 << 12, 256))
    channels = RequantChannels(RequantSpec(), multiplier, exponent, 3)
    reference = fixed_point(channels, Rounding.RUY)
    steps = find_steps(reference, np.full(CHANNELS, -4000), np.full(CHANNELS, 4100))
    accumulator = np.repeat(np.arange(-4000, 4101)[:, None], CHANNELS, axis=1)
    codes = reference(accumulator)
    assert np.array_equal(steps.evaluate(accumulator), codes)
    assert np.array_equal(steps.lowest_code, codes[0])
    assert np.array_equal(steps.highest_code, codes[-1])
    for channel, thresholds in enumerate(steps.thresholds):
        levels = np.arange(codes[0, channel] + 1, codes[-1, channel] + 1)
        first = [np.argmax(codes[:, channel] >= level) - 4000 for level in levels]
        assert thresholds.tolist() == first
    low, high = steps.saturation
    assert (codes[: low + 4001] == codes[0]).all()
    assert (codes[high + 4000 :] == codes[-1]).all()


@pytest.mark.parametrize("off", [0, 1, 3, -3, 500, -20_000])
def test_an_estimate_changes_nothing_but_time(off: int) -> None:
    """Exact, a little wrong on either side of what is looked at, and useless."""
    generator = np.random.default_rng(1)
    multiplier, exponent = quantize_multiplier(scales(generator, 1 << 12, 256))
    channels = RequantChannels(RequantSpec(), multiplier, exponent, 3, [-128, -20, 3, -5], 100)
    reference = fixed_point(channels, Rounding.TFLITE_DOUBLE)
    low, high = np.full(CHANNELS, -4000), generator.integers(-2000, 4100, CHANNELS)
    every = np.repeat(np.arange(-4000, 4101)[:, None], CHANNELS, axis=1)
    codes = reference(every)

    def estimate(codes_sought: Int64) -> Int64:
        reached = (codes[None] >= codes_sought[:, None]).argmax(axis=1)
        return reached - 4000 + off

    expected = find_steps(reference, low, high)
    found = find_steps(reference, low, high, estimate)
    assert np.array_equal(found.lowest_code, expected.lowest_code)
    for one, other in zip(found.thresholds, expected.thresholds, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("rounding", [Rounding.TFLITE_DOUBLE, Rounding.RUY, Rounding.FLOOR])
def test_no_smaller_shift_or_multiplier_exists(rounding: Rounding) -> None:
    """Tries every smaller multiplier with every constant that could matter."""
    limit = 60
    channels = RequantChannels(
        RequantSpec(output=IntegerType(4, True)), *quantize_multiplier([0.0873]), zero_point=1
    )
    reference = fixed_point(channels, rounding)
    certificate = find_certificate(reference, [-limit], [limit], 1, -8, 7)
    accumulator = np.arange(-limit, limit + 1)[:, None]
    codes = reference(accumulator)[:, 0]
    assert np.array_equal(certificate.evaluate(accumulator)[:, 0], codes)

    def solvable(shift: int, multiplier: int) -> bool:
        constants = np.arange(-(2 << shift), (2 << shift) + 1)
        tried = (accumulator * multiplier + constants >> shift) + 1
        right = np.clip(tried, -8, 7) == codes[:, None]
        negative = accumulator[:, 0] < 0
        return bool(right[negative].all(axis=0).any() and right[~negative].all(axis=0).any())

    shift, multiplier = certificate.shift, int(certificate.multiplier[0])
    assert solvable(shift, multiplier)
    assert not any(solvable(shift, smaller) for smaller in range(multiplier))
    assert not any(solvable(s, m) for s in range(shift) for m in range(2 << s))


@lru_cache
def small_certificate(rounding: Rounding) -> tuple[Certificate, Reference]:
    zero, low = np.array([0, -2, -16]), np.array([-16, -2, -16])
    multiplier, exponent = quantize_multiplier([0.0213, 0.125, 0.031])
    spec = RequantSpec(output=IntegerType(5, True))
    reference = fixed_point(RequantChannels(spec, multiplier, exponent, zero, low), rounding)
    limits = np.array([700, 90, 400])
    return find_certificate(reference, -limits, limits, zero, low, 15), reference


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_check_passes_exactly_when_the_certificate_holds(data: st.DataObject) -> None:
    """Tampers with a certificate and asks every accumulator whether that mattered."""
    certificate, reference = small_certificate(data.draw(st.sampled_from(DETERMINISTIC)))
    field = data.draw(
        st.sampled_from(
            ["multiplier", "negative_constant", "positive_constant", "zero_point", "shift"]
        )
    )
    if field == "shift":
        change = data.draw(st.sampled_from([-1, 1]))
        tampered = replace(certificate, shift=certificate.shift + change)
    else:
        size = 1 << certificate.shift if "constant" in field else 4
        values = getattr(certificate, field).copy()
        values[data.draw(st.integers(0, 2))] += data.draw(st.integers(-size, size))
        tampered = replace(certificate, **{field: values})
    accumulator = every_accumulator(tampered)
    holds = bool((tampered.multiplier >= 0).all()) and np.array_equal(
        tampered.evaluate(accumulator), reference(accumulator)
    )
    if holds:
        tampered.check(reference)
    else:
        with pytest.raises(CertificateError, match=r"^channel \d"):
            tampered.check(reference)


def test_a_wrong_threshold_is_refused() -> None:
    channels = RequantChannels(RequantSpec(), *quantize_multiplier([0.0213, 0.125]))
    reference = fixed_point(channels, Rounding.RUY)
    certificate = find_certificate(reference, [-9000, -9000], 9000, 0, -128, 127)
    moved = list(certificate.steps.thresholds)
    moved[1] = moved[1] + (np.arange(len(moved[1])) == 40)
    with pytest.raises(CertificateError, match=r"^channel 1, accumulator -?\d+: the constants"):
        replace(certificate, steps=replace(certificate.steps, thresholds=tuple(moved))).check()


def test_another_reference_is_refused() -> None:
    channels = RequantChannels(RequantSpec(), *quantize_multiplier([0.0213, 0.125]))
    certificate = find_certificate(
        fixed_point(channels, Rounding.RUY), [-9000, -9000], 9000, 0, -128, 127
    )
    certificate.check(fixed_point(channels, Rounding.RUY))
    with pytest.raises(CertificateError, match=r"^channel \d, accumulator -?\d+: the reference"):
        certificate.check(fixed_point(channels, Rounding.TFLITE_DOUBLE))


def test_a_lost_or_invented_exception_is_refused() -> None:
    reference, limit = exceptional("ties are exact and alternate")
    certificate = find_certificate(reference, [-limit], [limit], 0, -128, 127)
    lost = np.where(np.arange(len(certificate.correction)) == 0, 0, certificate.correction[:, 0])
    with pytest.raises(CertificateError, match="the constants give"):
        replace(certificate, correction=lost[:, None]).check()
    invented: dict[str, Any] = {
        "exception": np.concatenate([certificate.exception, [[12345]]]),
        "correction": np.concatenate([certificate.correction, [[1]]]),
    }
    with pytest.raises(CertificateError, match="accumulator 12345: the constants give"):
        replace(certificate, **invented).check()


def test_saturated_accumulator_gives_the_same_codes() -> None:
    channels = RequantChannels(RequantSpec(), *quantize_multiplier([0.0213, 0.125]))
    certificate = find_certificate(
        fixed_point(channels, Rounding.TFLITE_DOUBLE), [-90000, -90000], 90000, 0, -128, 127
    )
    narrow = certificate.saturated_accumulator
    assert narrow.width < certificate.accumulator.width
    accumulator = every_accumulator(certificate)
    saturated = np.clip(accumulator, narrow.minimum, narrow.maximum)
    assert np.array_equal(certificate.evaluate(saturated), certificate.evaluate(accumulator))


@pytest.mark.parametrize(
    ("minimum", "maximum", "width", "message"),
    [
        ([0, 5], [9, 4], 31, "channel 1 has reachable accumulators 5 to 4; the range is empty"),
        (
            [-9000, -9000],
            [9000, 9000],
            3,
            r"channel \d needs a multiplier of \d+ bits .* 3 allowed",
        ),
    ],
)
def test_what_cannot_be_certified(
    minimum: list[int], maximum: list[int], width: int, message: str
) -> None:
    channels = RequantChannels(RequantSpec(), *quantize_multiplier([0.0213, 0.125]))
    reference = fixed_point(channels, Rounding.RUY)
    with pytest.raises(CertificateError, match=message):
        find_certificate(reference, minimum, maximum, 0, -128, 127, multiplier_width=width)


def test_a_range_that_needs_a_wider_multiplier_is_left_to_the_generic_unit() -> None:
    spec = RequantSpec(IntegerType(48, True))
    channels = RequantChannels(spec, *quantize_multiplier([2.0**-8, 3.7e-10]), 0, -128, 127)
    reference = fixed_point(channels, Rounding.TFLITE_DOUBLE)
    with pytest.raises(CertificateError, match=r"channel 1 .* use the generic requantizer"):
        find_certificate(reference, [-(1 << 47)] * 2, (1 << 47) - 1, 0, -128, 127)


def test_a_descending_reference_is_refused() -> None:
    with pytest.raises(CertificateError, match="channel 0 descends; a requantizer must not"):
        find_steps(lambda accumulator: -accumulator, [-5], [5])


def test_one_channel_of_a_step_function() -> None:
    steps = StepFunction(
        np.array([-9, -8]), np.array([9, 8]), np.array([-1, 0]), (np.array([3]), np.array([1, 5]))
    )
    assert len(steps) == 2
    assert steps.channel(1).evaluate(np.array([[0], [1], [4], [5]])).tolist() == [
        [0],
        [1],
        [1],
        [2],
    ]


@pytest.mark.parametrize("thresholds", [(-6,), (5, 0), (2, 0, -3), (1,), (-1, 4)])
def test_one_threshold_on_one_side_of_zero_binds_the_other_side_too(
    thresholds: tuple[int, ...],
) -> None:
    threshold = np.array(thresholds)
    low, high = np.full(len(threshold), -50), np.full(len(threshold), 50)

    def reference(accumulator: np.ndarray) -> np.ndarray:
        return (accumulator >= threshold).astype(np.int64)

    certificate = find_certificate(reference, low, high, 0, 0, 1)
    every = np.arange(-50, 51)[:, None] + np.zeros_like(threshold)
    assert (certificate.evaluate(every) == reference(every)).all()


@pytest.mark.parametrize("thresholds", [(), (3, 7)])
def test_a_channel_of_one_code_below_zero_keeps_its_sign(thresholds: tuple[int, ...]) -> None:
    low, high = np.array([19, -23, -20]), np.array([19, -23, 20])

    def reference(accumulator: Int64) -> Int64:
        codes = np.broadcast_to([9, -8, 0], accumulator.shape).copy()
        codes[..., 2] = np.searchsorted(thresholds, accumulator[..., 2], side="right")
        return codes

    certificate = find_certificate(reference, low, high, 0, [-8, -8, 0], [9, 9, 2])
    every = every_accumulator(certificate)
    assert (certificate.evaluate(every) == reference(every)).all()
