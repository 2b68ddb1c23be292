"""Loops of the search for multipliers, compiled: a channel takes a tenth of a millisecond.

Integers of 64 bits only; `golden.certificates.certificate_search` says which problem they solve,
and keeps products below 2**63.

A channel is given by its points, which are arrays of shape (channels, points): accumulators,
ascending, their levels, and whether these bound a constant from below and from above.
"""

import numpy as np

from bittrue.golden.certificates.certificate import UNBOUNDED
from bittrue.golden.compiled import compiled
from bittrue.golden.numbers.arrays import Int64, Mask

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


@compiled
def mark_corners(accumulator: Int64, level: Int64, below: Mask, above: Mask, kept: Mask) -> None:
    """Mark the points from which the strictest bounds come, whatever the multiplier.

    They are corners of the upper hull of the points that bound a constant from below, and of the
    lower hull of those that bound it from above; each sign of the accumulator for itself.

    Parameters
    ----------
    accumulator, level, below, above : ndarray of shape (channels, points)
        The extents of accumulators and of levels have a product below 2**62.
    kept : ndarray of bool, shape (channels, points)
        Output; false before. The last point is kept always.
    """
    channels, points = accumulator.shape
    hull = np.empty(points, dtype=np.int64)
    for channel in range(channels):
        x, y = accumulator[channel], level[channel]
        kept[channel, points - 1] = True
        for negative in (True, False):
            for upper in (True, False):
                bounded = below[channel] if upper else above[channel]
                size = 0
                for step in range(points):
                    # Seen from above, or turned by half a circle.
                    index = step if upper else points - 1 - step
                    if not bounded[index] or (x[index] < 0) != negative:
                        continue
                    while size > 1:
                        first, last = hull[size - 2], hull[size - 1]
                        rise, run = y[last] - y[first], x[last] - x[first]
                        # Both turned: the product of two signs is the same.
                        if rise * (x[index] - x[first]) > (y[index] - y[first]) * run:
                            break
                        size -= 1
                    hull[size] = index
                    size += 1
                for corner in range(size):
                    kept[channel, hull[corner]] = True


@compiled
def _emptiness(
    accumulator: Int64, level: Int64, below: Mask, above: Mask, shift: int, multiplier: int
) -> int:
    """Return by how much the emptier interval is empty; at most zero when both hold a value."""
    # Every point bounds the constant of its own sign, and that of the other one by nothing.
    lower_negative, upper_negative = _LEAST, _MOST
    lower_positive, upper_positive = _LEAST, _MOST
    for point in range(len(accumulator)):
        product = accumulator[point] * multiplier
        at_least, at_most = -UNBOUNDED, UNBOUNDED
        if below[point]:
            at_least = (level[point] << shift) - product
        if above[point]:
            at_most = ((level[point] + 1) << shift) - product - 1
        negative = accumulator[point] < 0
        lower_negative = max(lower_negative, at_least if negative else -UNBOUNDED)
        upper_negative = min(upper_negative, at_most if negative else UNBOUNDED)
        lower_positive = max(lower_positive, -UNBOUNDED if negative else at_least)
        upper_positive = min(upper_positive, UNBOUNDED if negative else at_most)
    return max(lower_negative - upper_negative, lower_positive - upper_positive)


@compiled
def _best_multiplier(
    accumulator: Int64, level: Int64, below: Mask, above: Mask, shift: int, limit: int
) -> int:
    """Return the multiplier with the least empty intervals: emptiness is convex in it."""
    low, high = 0, limit
    while low < high:
        middle = (low + high) // 2
        here = _emptiness(accumulator, level, below, above, shift, middle)
        if _emptiness(accumulator, level, below, above, shift, middle + 1) >= here:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _smallest_multiplier(
    accumulator: Int64, level: Int64, below: Mask, above: Mask, shift: int, limit: int
) -> int:
    """Return the smallest feasible multiplier, or -1."""
    best = _best_multiplier(accumulator, level, below, above, shift, limit)
    if _emptiness(accumulator, level, below, above, shift, best) > 0:
        return -1
    low, high = 0, best
    while low < high:
        middle = (low + high) // 2
        if _emptiness(accumulator, level, below, above, shift, middle) <= 0:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def best_multipliers(
    accumulator: Int64, level: Int64, below: Mask, above: Mask, shift: Int64, limit: Int64
) -> Int64:
    """Return each channel's multiplier with the least empty intervals, at its shift.

    Parameters
    ----------
    accumulator, level, below, above : ndarray of shape (channels, points)
    shift, limit : ndarray of int64, shape (channels,)
        Of multipliers none above the limit is looked at.
    """
    found = np.empty(len(accumulator), dtype=np.int64)
    for channel in range(len(accumulator)):
        found[channel] = _best_multiplier(
            accumulator[channel], level[channel], below[channel], above[channel],
            shift[channel], limit[channel],
        )  # fmt: skip
    return found


@compiled
def smallest_multipliers(
    accumulator: Int64, level: Int64, below: Mask, above: Mask, shift: Int64, limit: Int64
) -> Int64:
    """Return each channel's smallest feasible multiplier at its shift, or -1; as above."""
    found = np.empty(len(accumulator), dtype=np.int64)
    for channel in range(len(accumulator)):
        found[channel] = _smallest_multiplier(
            accumulator[channel], level[channel], below[channel], above[channel],
            shift[channel], limit[channel],
        )  # fmt: skip
    return found


@compiled
def smallest_shifts(
    accumulator: Int64, level: Int64, below: Mask, above: Mask, largest: int, limit: Int64
) -> Int64:
    """Return each channel's smallest shift with a feasible multiplier, or -1.

    Doubling multiplier and constants solves the next larger shift, so bisection finds it.
    """
    found = np.empty(len(accumulator), dtype=np.int64)
    for channel in range(len(accumulator)):
        x, y, b, a = accumulator[channel], level[channel], below[channel], above[channel]
        low, high = 0, largest
        while low < high:
            middle = (low + high) // 2
            if _smallest_multiplier(x, y, b, a, middle, limit[channel]) >= 0:
                high = middle
            else:
                low = middle + 1
        feasible = _smallest_multiplier(x, y, b, a, low, limit[channel]) >= 0
        found[channel] = low if feasible else -1
    return found
