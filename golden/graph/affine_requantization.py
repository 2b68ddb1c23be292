"""A requantization as one affine function for each sign of the accumulator."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.graph.node import AccumulatorBounds
from bittrue.golden.graph.requantization import FixedPoint, Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.golden.numbers.rounding import Rounding


@dataclass(frozen=True)
class AffineFunction:
    """A requantization as one affine function for each sign of the accumulator.

        code = clamp(((accumulator * multiplier + constant) >> shift) + zero_point)

    ``constant`` is `negative` below zero and `positive` from zero on. All arrays have one entry per
    channel or one for all; exceptions are triples of channel, accumulator and correction.
    """

    multiplier: Int64
    shift: Int64
    negative: Int64
    positive: Int64
    zero_point: Int64
    minimum: Int64
    maximum: Int64
    exceptions: list[tuple[int, int, int]]


def affine_function(
    requantization: Requantization, bounds: AccumulatorBounds
) -> AffineFunction | None:
    """Return a requantization as affine functions, where 64 bits hold its constants."""
    if bounds.type.width > 32 or not _is_narrow(requantization):
        return None
    return _unchecked(requantization, bounds)


def _is_narrow(requantization: Requantization) -> bool:
    """Return whether 64 bits hold the constants of a requantization."""
    wide = isinstance(requantization, FixedPoint) and requantization.channels.shift.max() > 62
    return not wide


def _unchecked(requantization: Requantization, bounds: AccumulatorBounds) -> AffineFunction | None:
    """Return a requantization as affine functions; None where ties are rounded to even."""
    if isinstance(requantization, FixedPoint):
        channels = requantization.channels
        if requantization.rounding is Rounding.SINGLE_HALF_EVEN and _meets_ties(channels, bounds):
            return None
        return AffineFunction(
            channels.multiplier,
            channels.shift,
            *_rounding_constants(requantization),
            channels.zero_point,
            channels.minimum,
            channels.maximum,
            [],
        )
    certificate = requantization.certificate
    return AffineFunction(
        certificate.multiplier,
        np.full_like(certificate.multiplier, certificate.shift),
        certificate.negative_constant,
        certificate.positive_constant,
        certificate.zero_point,
        certificate.minimum,
        certificate.maximum,
        [
            (int(channel), int(certificate.exception[slot, channel]), int(correction))
            for (slot, channel), correction in np.ndenumerate(certificate.correction)
            if correction
        ],
    )


def _meets_ties(channels: RequantChannels, bounds: AccumulatorBounds) -> bool:
    """Return whether accumulators within bounds may give a product halfway between integers.

    Its lowest set bit is then bit ``shift - 1``. The multiplier has some of its zeros; so many are
    left for the accumulator that most layers reach none.
    """
    lowest_bit = channels.multiplier & -channels.multiplier
    half = (np.ones_like(channels.shift) << channels.shift) >> 1
    return bool(((half > 0) & (magnitude(bounds) * lowest_bit >= half)).any())


def magnitude(bounds: AccumulatorBounds) -> int:
    """Return the greatest magnitude of any accumulator within bounds."""
    return max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))


def _rounding_constants(requantization: FixedPoint) -> tuple[Int64, Int64]:
    """Return what is added to products below zero, and to the others, before they are shifted.

    With ``h`` half of ``2**shift``, half up is ``(p + h) >> shift``; half away from zero is the
    same from zero on, and ``-((-p + h) >> shift) = (p + h - 1) >> shift`` below.

    Two roundings, first half up at bit 31 and then at bit ``shift``, are two nested floors, and so
    one floor of ``p + 2**30 + h``; where the second rounds away from zero its ``- 1`` is worth
    ``2**31``. Products from -2**30 to -1, which the first rounding makes zero, end at zero with
    either constant.
    """
    shift, width = requantization.channels.shift, requantization.channels.spec.multiplier_width
    one = np.ones_like(shift)
    half = (one << shift) >> 1
    early = np.where(shift > width, one << (width - 1), 0)
    negative, positive = {
        Rounding.TFLITE_DOUBLE: (half - early, half + early),
        Rounding.RUY: (half + early, half + early),
        Rounding.SINGLE_HALF_UP: (half, half),
        Rounding.SINGLE_HALF_AWAY: (np.maximum(half - 1, 0), half),
        Rounding.SINGLE_HALF_EVEN: (half, half),  # There are no ties, see `_meets_ties`.
        Rounding.FLOOR: (0 * one, 0 * one),
        Rounding.TRUNCATE: ((one << shift) - 1, 0 * one),
    }[requantization.rounding]
    return negative, positive
