"""Integers for requantizers that references define in floating point.

The reference's scale, written exactly as multiplier and exponent, requantizes every reachable
accumulator of most layers as the reference does; deciding that takes one look at both sides of
every threshold. Where float rounding moves a threshold, a certificate lists the exceptions.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.certificates.certificate import (
    Certificate,
    CertificateError,
    Reference,
    StepFunction,
    decisive_points,
)
from bittrue.golden.certificates.certificate_search import find_certificate, find_steps
from bittrue.golden.graph import AccumulatorBounds, Certified, FixedPoint, Requantization
from bittrue.golden.lowering.half_away_scale import half_away_scale
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import (
    LARGEST_RIGHT_SHIFT,
    MAXIMUM_MULTIPLIER_WIDTH,
    WIDEST_MULTIPLIER,
)
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

_PRODUCT_BITS = 61

_SMALLEST_SCALE = 2.0**-100  # Below, a scale is as good as zero, which has no inverse.

_POINTS = 1 << 20
"""Thresholds looked at together, which bounds the memory that 16-bit outputs take."""

_SEARCHED_POINTS = 1 << 15
"""Thresholds up to which a search for a multiplier is worth its time."""

_TABLE_WIDTH = 8
"""Bits of codes up to which a scale of 31 bits, with a few exceptions, has all thresholds."""

_EXCEPTIONS = 256
"""Half of the ties of 8 bits, should a multiple of one code be a tie."""


def integer_requantization(
    reference_of: Callable[[slice], Reference],
    bounds: AccumulatorBounds,
    scale: ArrayLike,
    rounding: Rounding,
    output: IntegerType,
    zero_point: int,
    clamp: tuple[int, int],
    exceptions: int = _EXCEPTIONS,
    offset: ArrayLike = 0.0,
) -> Requantization:
    """Find integers that equal a reference on every reachable accumulator.

    Parameters
    ----------
    reference_of : callable
        Range of scales to the reference of those channels, which maps accumulators of shape
        (..., channels) to codes and does not descend.
    bounds : AccumulatorBounds
        What the accumulators reach.
    scale : array_like of float
        What the reference multiplies by, one or one per channel.
    rounding : Rounding
        The single rounding that the reference would do in real arithmetic.
    output : IntegerType
        Type of the codes.
    zero_point, clamp : int, (int, int)
        Of the output.
    exceptions : int
        How many accumulators of a channel a certificate may correct one by one.
    offset : array_like of float
        What the reference adds to the scaled accumulator before it rounds, in codes, one or one
        per channel: a bias that is no multiple of the accumulator's unit.

    Returns
    -------
    FixedPoint or Certified
        Proven equal, either way.

    Raises
    ------
    CertificateError
        If there are none, naming the channel.
    """
    scales, offsets = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (scale, offset))
    )
    half = 0.0 if rounding is Rounding.FLOOR else 0.5
    low, high = bounds.minimum, bounds.maximum
    if low.size < scales.size:
        low, high = np.broadcast_to(low, scales.shape), np.broadcast_to(high, scales.shape)
    if scales.size == 1:  # One requantizer for the union of all channels' accumulators.
        low, high = low.min(keepdims=True), high.max(keepdims=True)

    def fixed_point(group: slice) -> FixedPoint:
        multiplier, exponent = quantize_multiplier(scales[group])
        spec = RequantSpec(bounds.type, output, maximum_exponent=31, roundings=(rounding,))
        channels = RequantChannels(spec, multiplier, exponent, zero_point, *clamp)
        return FixedPoint(channels, rounding)

    def steps_of(group: slice) -> StepFunction:
        def estimate(codes: Int64) -> Int64:
            real = codes - zero_point - half - offsets[group]
            accumulator = real / np.maximum(scales[group], _SMALLEST_SCALE)
            return np.rint(np.clip(accumulator, low[group], high[group])).astype(np.int64)

        return find_steps(reference_of(group), low[group], high[group], estimate)

    def fixed_point_is_exact(group: slice) -> bool:
        steps = steps_of(group)
        points = decisive_points(steps)
        # Neither descends, so equality at these points is equality everywhere.
        return bool((fixed_point(group).evaluate(points) == steps.evaluate(points)).all())

    step = max(_POINTS >> output.width, 1)
    groups = [slice(first, first + step) for first in range(0, scales.size, step)]
    everything = slice(None)
    has_wide_multipliers = output.width > _TABLE_WIDTH and not offsets.any() and scales.max() < 1

    def half_away() -> FixedPoint:
        steps = [steps_of(group) for group in groups]
        return _half_away(steps, bounds.type, output, zero_point, clamp)

    if has_wide_multipliers and rounding is Rounding.SINGLE_HALF_AWAY:
        return half_away()
    if (
        not offsets.any()
        and scales.max() < 1 << MAXIMUM_MULTIPLIER_WIDTH
        and all(map(fixed_point_is_exact, groups))
    ):
        return fixed_point(everything)
    if has_wide_multipliers and rounding is Rounding.SINGLE_HALF_EVEN:
        with suppress(CertificateError):  # Where no sum is a tie, all roundings to nearest agree.
            return half_away()
    try:
        if len(groups) > 1:
            raise CertificateError(f"{scales.size} channels of {output} take too many thresholds")
        certificate = certificate_of_scale(
            steps_of(everything), scales, offsets + half, zero_point, clamp, exceptions
        )
    except CertificateError:
        if scales.size << output.width > _SEARCHED_POINTS:
            raise CertificateError(
                f"no multiplier of {MAXIMUM_MULTIPLIER_WIDTH} bits gives {output} as the "
                "reference's floating point does; import for a fixed-point reference"
            ) from None
        certificate = find_certificate(
            reference_of(everything), low, high, zero_point, *clamp, exceptions=exceptions
        )
    return Certified(certificate, output)


def _half_away(
    groups: list[StepFunction],
    accumulator: IntegerType,
    output: IntegerType,
    zero_point: int,
    clamp: tuple[int, int],
) -> FixedPoint:
    """Return multipliers as wide as 16-bit codes need, proven to have every threshold.

    Raises
    ------
    CertificateError
        If there are none, naming the channel within its group.
    """
    scales = [
        half_away_scale(steps, channel, zero_point, clamp)
        for steps in groups
        for channel in range(len(steps))
    ]
    width = max(scale.multiplier.bit_length() for scale in scales)
    width = max(width, max(scale.shift for scale in scales) - LARGEST_RIGHT_SHIFT, 1)
    # As many fraction bits as the multiplier has bits, where there are fewer.
    multiplier = [scale.multiplier << max(width - scale.shift, 0) for scale in scales]
    exponent = [min(width - scale.shift, 0) for scale in scales]
    if width > WIDEST_MULTIPLIER or max(multiplier).bit_length() > width:
        raise CertificateError(f"its scales take multipliers of more than {WIDEST_MULTIPLIER} bits")
    spec = RequantSpec(
        accumulator, output, width, maximum_exponent=0, roundings=(Rounding.SINGLE_HALF_AWAY,)
    )
    first = 0
    for steps in groups:
        last = first + len(steps)
        channels = RequantChannels(
            spec, multiplier[first:last], exponent[first:last], zero_point, *clamp
        )
        points = decisive_points(steps)
        codes = FixedPoint(channels, Rounding.SINGLE_HALF_AWAY).evaluate(points)
        if (codes != steps.evaluate(points)).any():
            raise CertificateError("a multiplier does not have the thresholds it was made of")
        first = last
    channels = RequantChannels(spec, multiplier, exponent, zero_point, *clamp)
    return FixedPoint(channels, Rounding.SINGLE_HALF_AWAY)


def estimated_requantization(
    bounds: AccumulatorBounds,
    scale: ArrayLike,
    rounding: Rounding,
    output: IntegerType,
    zero_point: int,
    clamp: tuple[int, int],
) -> FixedPoint:
    """Return the fixed point next to a scale, about the reference's, without a proof.

    What can be known of a network before any search is known with it. Parameters as those of
    `integer_requantization`.
    """
    largest = np.nextafter(2.0**MAXIMUM_MULTIPLIER_WIDTH, 0)
    scales = np.minimum(np.atleast_1d(np.asarray(scale, dtype=np.float64)), largest)
    multiplier, exponent = quantize_multiplier(scales)
    spec = RequantSpec(bounds.type, output, maximum_exponent=31, roundings=(rounding,))
    return FixedPoint(RequantChannels(spec, multiplier, exponent, zero_point, *clamp), rounding)


def certificate_of_scale(
    steps: StepFunction,
    scale: Float64,
    offset: Float64,
    zero_point: int,
    clamp: tuple[int, int],
    exceptions: int = _EXCEPTIONS,
) -> Certificate:
    """Return the certificate of ``floor(accumulator * scale + offset)``.

    Accumulators that it gets wrong are exceptions.

    Not the smallest multiplier, which takes a search, but one of as many bits as there are.

    Raises
    ------
    CertificateError
        If the exceptions are too many, or do not mend it.
    """
    channels = len(steps)
    widest = int(np.max(np.abs([steps.accumulator_minimum, steps.accumulator_maximum])))
    width = min(MAXIMUM_MULTIPLIER_WIDTH, _PRODUCT_BITS - widest.bit_length())
    largest = float(np.max(np.abs(offset))) + 1
    shift = min(width - int(np.frexp(scale.max())[1]), _PRODUCT_BITS - int(np.frexp(largest)[1]))
    if shift < 1:
        raise CertificateError(
            f"scale is {scale.max()}, offset {largest - 1}; too large for a certificate"
        )
    multiplier = np.minimum(np.rint(np.ldexp(scale, shift)).astype(np.int64), (1 << width) - 1)
    unused = np.zeros((0, channels), dtype=np.int64)

    def per_channel(value: int) -> Int64:
        return np.full(channels, value, dtype=np.int64)

    constant = np.rint(np.ldexp(offset, shift)).astype(np.int64)
    # A channel of one code needs no product, which saturation would change.
    single = steps.lowest_code == steps.highest_code
    multiplier = np.where(single, 0, multiplier)
    constant = np.where(single, (steps.lowest_code - zero_point) << shift, constant)
    bare = Certificate(
        steps, shift, multiplier, constant, constant, per_channel(zero_point),
        per_channel(clamp[0]), per_channel(clamp[1]), unused, unused,
    )  # fmt: skip
    points = decisive_points(steps)
    difference = steps.evaluate(points) - bare.evaluate(points)
    wrong = [np.unique(points[:, c][difference[:, c] != 0]) for c in range(channels)]
    slots = max(len(accumulators) for accumulators in wrong)
    if slots > exceptions:
        raise CertificateError(f"{slots} exceptions; allowed: {exceptions}")
    exception = np.tile(steps.accumulator_minimum, (slots, 1))
    for channel, accumulators in enumerate(wrong):
        exception[: len(accumulators), channel] = accumulators
    correction = steps.evaluate(exception) - bare.evaluate(exception)
    # A slot left over repeats the lowest accumulator; only one of those may correct it.
    for channel, accumulators in enumerate(wrong):
        correction[len(accumulators) :, channel] = 0
    certificate = replace(bare, exception=exception, correction=correction)
    certificate.check()
    return certificate
