"""The shortest multipliers whose products, rounded half away from zero, have given thresholds.

A scale that a reference applies in floating point is rounded at every step, so neither it nor its
exact value need have the reference's thresholds. Each threshold says between which bounds a scale
must lie to put it where it is; the scales within all bounds of a channel are an interval, and its
shortest binary fraction is the multiplier.

For a level k, a code less the zero point, the rounded product is at least k from threshold T on:

    k >= 1:   scale *  T      >= k - 1/2   and   scale * (T - 1)  <  k - 1/2
    k <= 0:   scale * (1 - T) >= 1/2 - k   and   scale * (-T)     <  1/2 - k
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bittrue.golden.certificates.certificate import CertificateError, StepFunction
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.limits import WIDEST_MULTIPLIER

_NEAR = 2.0**-48
"""Relative distance within which fractions are compared exactly; float64 errs by less."""

_LARGEST_SHIFT = WIDEST_MULTIPLIER + 31


@dataclass(frozen=True)
class BinaryScale:
    """``multiplier / 2**shift``."""

    multiplier: int
    shift: int


def half_away_scale(
    steps: StepFunction, channel: int, zero_point: int, clamp: tuple[int, int]
) -> BinaryScale:
    """Return the scale with the smallest shift that has a channel's thresholds.

    Parameters
    ----------
    steps : StepFunction
    channel : int
    zero_point : int
        Added after rounding.
    clamp : (int, int)
        Lowest and highest code.

    Raises
    ------
    CertificateError
        If no scale has all of them, naming the channel.
    """
    at_least, below = _bounds(steps, channel, zero_point, clamp)
    shifts = range(_LARGEST_SHIFT + 1)
    lowest, highest = 0, len(shifts)
    while lowest < highest:  # A scale with one shift is a scale with the next.
        middle = (lowest + highest) // 2
        if _fits(at_least, below, middle):
            highest = middle
        else:
            lowest = middle + 1
    multiplier = _multiplier(at_least, lowest)
    if lowest == len(shifts) or multiplier.bit_length() > WIDEST_MULTIPLIER:
        raise CertificateError(f"no single scale has the thresholds of channel {channel}")
    return BinaryScale(multiplier, lowest)


def _multiplier(at_least: Fraction, shift: int) -> int:
    return -(-(at_least.numerator << shift) // at_least.denominator)


def _fits(at_least: Fraction, below: Fraction | None, shift: int) -> bool:
    return below is None or Fraction(_multiplier(at_least, shift), 1 << shift) < below


def _bounds(
    steps: StepFunction, channel: int, zero_point: int, clamp: tuple[int, int]
) -> tuple[Fraction, Fraction | None]:
    """Return the smallest scale, and the one that is already too large; None if none is."""
    thresholds = steps.thresholds[channel]
    level = int(steps.lowest_code[channel]) + 1 + np.arange(len(thresholds)) - zero_point
    reached, missed = [(thresholds, level)], [(thresholds - 1, level)]
    lowest, highest = int(steps.lowest_code[channel]), int(steps.highest_code[channel])
    if lowest > clamp[0]:
        end = np.array([steps.accumulator_minimum[channel]])
        reached.append((end, np.array([lowest - zero_point])))
    if highest < clamp[1]:
        end = np.array([steps.accumulator_maximum[channel]])
        missed.append((end, np.array([highest + 1 - zero_point])))
    lower, upper = [Fraction(0)], []
    for points, levels in reached:
        positive = levels >= 1
        lower += _extreme(points[positive], 2 * levels[positive] - 1, largest=True)
        upper += _extreme(-points[~positive], 1 - 2 * levels[~positive], largest=False)
    for points, levels in missed:
        positive = levels >= 1
        upper += _extreme(points[positive], 2 * levels[positive] - 1, largest=False)
        lower += _extreme(-points[~positive], 1 - 2 * levels[~positive], largest=True)
    return max(lower), min(upper, default=None)


def _extreme(magnitude: Int64, twice: Int64, largest: bool) -> list[Fraction]:
    """Return the largest or smallest ``twice / (2 * magnitude)``; none if all are infinite."""
    finite = magnitude > 0
    magnitude, twice = magnitude[finite], twice[finite]
    if not magnitude.size:
        return []
    ratio = twice / magnitude
    best = ratio.max() if largest else ratio.min()
    near = np.abs(ratio - best) <= _NEAR * best
    pairs = set(zip(twice[near].tolist(), magnitude[near].tolist(), strict=True))
    fractions = [Fraction(above, 2 * under) for above, under in pairs]
    return [max(fractions) if largest else min(fractions)]
