"""Search for the smallest integers that requantize exactly as a reference does.

The reference may be fixed point or floating point; it is only ever asked for codes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.certificates.certificate import (
    UNBOUNDED,
    Certificate,
    CertificateError,
    Reference,
    StepFunction,
    decisive_points,
)
from bittrue.golden.numbers.arrays import Int64, Mask

DEFAULT_MULTIPLIER_WIDTH = 31
DEFAULT_EXCEPTIONS = 32
_MAXIMUM_SHIFT = 44
_OUTLIER_PASSES = 8


def find_steps(
    reference: Reference,
    minimum: ArrayLike,
    maximum: ArrayLike,
    estimate: Callable[[Int64], Int64] | None = None,
) -> StepFunction:
    """Find every threshold of a monotone requantizer by binary search.

    Parameters
    ----------
    reference : callable
        Accumulators of shape (..., channels) to codes; not descending in the accumulator.
    minimum, maximum : array_like of int, shape (channels,)
        Reachable accumulators, inclusive.
    estimate : callable, optional
        Codes of shape (..., channels) to accumulators near their thresholds. A good one spares
        most of the search, a bad one costs a little; the result is the same.

    Returns
    -------
    StepFunction
    """
    low, high = np.broadcast_arrays(
        np.atleast_1d(np.asarray(minimum, dtype=np.int64)),
        np.atleast_1d(np.asarray(maximum, dtype=np.int64)),
    )
    crossed = np.flatnonzero(low > high)
    if crossed.size:
        raise CertificateError(
            f"channel {crossed[0]} has reachable accumulators {low[crossed[0]]} to "
            f"{high[crossed[0]]}; the range is empty"
        )
    lowest, highest = reference(low[None])[0], reference(high[None])[0]
    descending = np.flatnonzero(highest < lowest)
    if descending.size:
        raise CertificateError(f"channel {descending[0]} descends; a requantizer must not")
    codes = lowest + np.arange(1, int((highest - lowest).max()) + 1)[:, None]
    # Codes that a channel never reaches have no threshold to be sought.
    below = np.where(codes > highest, high, low)
    reached = np.broadcast_to(high, codes.shape)
    if estimate is not None:
        near = estimate(codes)
        before, after = (np.clip(near + offset, low, high) for offset in (-2, 2))
        below = np.where((reference(before) < codes) & (codes <= highest), before, below)
        reached = np.where(reference(after) >= codes, after, reached)
    while True:
        middle = below + (reached - below) // 2
        if (middle == below).all():
            break
        enough = reference(middle) >= codes
        below, reached = np.where(enough, below, middle), np.where(enough, middle, reached)
    thresholds = tuple(
        reached[: highest[channel] - lowest[channel], channel].copy() for channel in range(len(low))
    )
    return StepFunction(low.copy(), high.copy(), lowest, thresholds)


def find_certificate(
    reference: Reference,
    accumulator_minimum: ArrayLike,
    accumulator_maximum: ArrayLike,
    zero_point: ArrayLike,
    minimum: ArrayLike,
    maximum: ArrayLike,
    multiplier_width: int = DEFAULT_MULTIPLIER_WIDTH,
    exceptions: int = DEFAULT_EXCEPTIONS,
    least_shift: int = 0,
    estimate: Callable[[Int64], Int64] | None = None,
) -> Certificate:
    """Find the smallest shift, and with it the smallest multipliers, that reproduce a reference.

    For a threshold T of level k (a code less the zero point), the circuit's
    ``(accumulator * multiplier + constant) >> shift`` is right on both sides of it exactly when

        k * 2**shift - T * multiplier <= constant(T)
        constant(T - 1) <= k * 2**shift - (T - 1) * multiplier - 1

    which leaves an interval for each constant. Its emptiness is a convex function of the
    multiplier, so bisection over integers decides it exactly.

    Parameters
    ----------
    reference : callable
        Accumulators of shape (..., channels) to codes; not descending in the accumulator.
    accumulator_minimum, accumulator_maximum : array_like of int, shape (channels,)
        Reachable accumulators, inclusive.
    zero_point, minimum, maximum : array_like of int
        Zero point and clamp of the reference, per channel or one for all.
    multiplier_width : int
        Largest width of an unsigned multiplier, in bits, at most 31.
    exceptions : int
        How many accumulators of a channel may be corrected one by one, where no multiplier suits
        them all. Fixed-point references need none, but for exact ties rounded half to even.
    least_shift : int
        Below which no shift is sought.
    estimate : callable, optional
        See `find_steps`.

    Returns
    -------
    Certificate
        Checked, with one shift for all channels: the smallest that every channel allows.

    Raises
    ------
    CertificateError
        Naming the first channel without a solution within these limits.
    """
    steps = find_steps(reference, accumulator_minimum, accumulator_maximum, estimate)
    zero, low, high = (
        np.broadcast_to(np.asarray(values, dtype=np.int64), len(steps)).copy()
        for values in (zero_point, minimum, maximum)
    )
    affine = _affine_steps(steps, zero, low, high, exceptions)
    constraints = _Constraints.collect(affine, zero, low, high)
    shift = np.full_like(zero, max(int(constraints.smallest_shift().max()), least_shift))
    multiplier = constraints.smallest_multiplier(shift)
    widest = int(multiplier.argmax())
    needed = int(multiplier[widest]).bit_length()
    if needed > multiplier_width:
        raise CertificateError(
            f"channel {widest} needs a multiplier of {needed} bits at the layer's shift of "
            f"{shift[0]}, over the {multiplier_width} allowed; use the generic requantizer"
        )
    negative, positive = _choose_pairs(
        constraints.constant_interval(True, shift, multiplier),
        constraints.constant_interval(False, shift, multiplier),
        (1 << int(shift[0])) - 1,
    )
    exception, correction = _differences(steps, affine)
    certificate = Certificate(
        steps,
        int(shift[0]),
        multiplier,
        negative,
        positive,
        zero,
        low,
        high,
        exception,
        correction,
    )
    certificate.check(reference)
    return certificate


def _affine_steps(
    steps: StepFunction, zero: Int64, low: Int64, high: Int64, exceptions: int
) -> StepFunction:
    """Move as few thresholds as needed a little, until a multiplier can follow them."""
    shift = _Constraints.collect(steps, zero, low, high).smallest_shift()
    thresholds = list(steps.thresholds)
    for channel in np.flatnonzero(shift < 0):
        one = slice(channel, channel + 1)
        moved = _move_outliers(steps.channel(int(channel)), zero[one], low[one], high[one])
        count = 0 if moved is None else len(_between(moved, thresholds[channel]))
        if moved is None or count > exceptions:
            raise CertificateError(
                f"channel {channel} has no exact multiplier with a shift up to {_MAXIMUM_SHIFT} "
                f"and {exceptions} exceptions; use the generic requantizer or allow more exceptions"
            )
        thresholds[channel] = moved
    return replace(steps, thresholds=tuple(thresholds))


def _move_outliers(steps: StepFunction, zero: Int64, low: Int64, high: Int64) -> Int64 | None:
    """Return one channel's thresholds with outliers moved, or None if that does not help.

    The constant that suits the most thresholds is kept, the thresholds it does not suit are moved
    towards it by one accumulator in each pass, and those that turn out not to need it are moved
    back.
    """
    original = steps.thresholds[0]
    level = steps.lowest_code[0] + 1 + np.arange(len(original)) - zero[0]
    shift = np.array([_MAXIMUM_SHIFT])

    def constraints(thresholds: Int64) -> _Constraints:
        return _Constraints.collect(replace(steps, thresholds=(thresholds,)), zero, low, high)

    def solved(thresholds: Int64) -> bool:
        return bool(constraints(thresholds).smallest_multiplier(shift)[0] >= 0)

    moved = original.copy()
    for _ in range(_OUTLIER_PASSES):
        if solved(moved):
            break
        multiplier = constraints(moved).best_multiplier(shift)
        at_least = (level << shift) - moved * multiplier
        at_most = at_least + multiplier - 1
        for side in (moved < 0, moved > 0):
            if side.any():
                constant = _most_covered(at_least[side], at_most[side])
                moved = moved + (side & (at_least > constant)) - (side & (at_most < constant))
    if not solved(moved):
        return None
    for index in np.flatnonzero(moved != original):
        candidate = moved.copy()
        candidate[index] = original[index]
        if solved(candidate):
            moved = candidate
    return moved


def _most_covered(lower: Int64, upper: Int64) -> np.int64:
    """Return a value that lies in as many of the intervals as possible."""
    starts, ends = np.sort(lower), np.sort(upper)
    covering = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="left")
    return np.int64(starts[int(covering.argmax())])


def _differences(steps: StepFunction, affine: StepFunction) -> tuple[Int64, Int64]:
    """Return accumulators where two step functions differ, and by how much; (slots, channels)."""
    found = []
    for channel in range(len(steps)):
        places = _between(steps.thresholds[channel], affine.thresholds[channel])
        gaps = (s.channel(channel).evaluate(places[:, None])[:, 0] for s in (steps, affine))
        found.append((places, np.subtract(*gaps)))
    slots = max(len(places) for places, _ in found)
    exception = np.tile(steps.accumulator_minimum, (slots, 1))
    correction = np.zeros_like(exception)
    for channel, (places, difference) in enumerate(found):
        exception[: len(places), channel] = places
        correction[: len(places), channel] = difference
    return exception, correction


def _between(one: Int64, other: Int64) -> Int64:
    """Return the accumulators on which two lists of thresholds of the same levels disagree."""
    moved = one != other
    ranges = zip(np.minimum(one, other)[moved], np.maximum(one, other)[moved], strict=True)
    return np.unique(np.concatenate([np.arange(0), *(np.arange(*pair) for pair in ranges)]))


@dataclass(frozen=True)
class _Constraints:
    """What every decisive accumulator demands of the constants; arrays of shape (channels, points).

    A code above the clamp's minimum bounds the constant from below, a code below the clamp's
    maximum bounds it from above: beyond the clamp, the clamp itself makes the code right. Only
    corners of the convex hulls of (accumulator, level) are kept: whatever the multiplier, the
    strictest bounds come from them. Channels with fewer of them repeat one.

    The loops are imported at their first use: Numba takes a third of a second, and most commands
    search for nothing.
    """

    accumulator: Int64
    level: Int64
    bounded_below: Mask
    bounded_above: Mask

    @classmethod
    def collect(
        cls, steps: StepFunction, zero_point: Int64, minimum: Int64, maximum: Int64
    ) -> "_Constraints":
        first, last = steps.accumulator_maximum.copy(), steps.accumulator_minimum.copy()
        for channel, thresholds in enumerate(steps.thresholds):
            if len(thresholds):
                first[channel], last[channel] = thresholds[0] - 1, thresholds[-1]
        # An end of the range that is already clamped says nothing that its threshold does not.
        low = np.where(steps.lowest_code > minimum, steps.accumulator_minimum, first)
        high = np.where(steps.highest_code < maximum, steps.accumulator_maximum, last)
        low, high = np.minimum(low, high), np.maximum(low, high)
        # But each sign has a constant of its own, which needs an accumulator to be bound by.
        low = np.minimum(low, np.maximum(steps.accumulator_minimum, -1))
        high = np.maximum(high, np.minimum(steps.accumulator_maximum, 0))
        points = np.sort(np.clip(decisive_points(steps), low, high), axis=0)
        codes = steps.evaluate(points)
        everything = cls(
            np.ascontiguousarray(points.T),
            np.ascontiguousarray((codes - zero_point).T),
            np.ascontiguousarray((codes > minimum).T),
            np.ascontiguousarray((codes < maximum).T),
        )
        return everything._strictest()

    def _strictest(self) -> "_Constraints":
        extents = int(np.ptp(self.accumulator)), int(np.ptp(self.level))
        if extents[0] * extents[1] >= 1 << 62:  # Cross products might not fit int64.
            return self
        from bittrue.golden.certificates.multiplier_search import mark_corners

        kept = np.zeros(self.level.shape, dtype=np.bool_)
        mark_corners(*self._arrays, kept)
        longest = int(kept.sum(axis=1).max())
        # The corners come first, in their order; then the last point, which is one of them, again.
        places = np.argsort(~kept, axis=1, kind="stable")[:, :longest]
        last = self.level.shape[1] - 1
        places = np.where(np.take_along_axis(kept, places, axis=1), places, last)
        return _Constraints(
            np.take_along_axis(self.accumulator, places, axis=1),
            np.take_along_axis(self.level, places, axis=1),
            np.take_along_axis(self.bounded_below, places, axis=1),
            np.take_along_axis(self.bounded_above, places, axis=1),
        )

    @property
    def _arrays(self) -> tuple[Int64, Int64, Mask, Mask]:
        return self.accumulator, self.level, self.bounded_below, self.bounded_above

    @property
    def _limit(self) -> Int64:
        """Multipliers above which products might not fit int64.

        Feasible products stay near ``level << shift``, far below.
        """
        return UNBOUNDED // np.maximum(np.abs(self.accumulator).max(axis=1), 1) - 1

    def constant_interval(
        self, negative: bool, shift: Int64, multiplier: Int64
    ) -> tuple[Int64, Int64]:
        """Return the smallest and largest constant for one sign of the accumulator."""
        here = self.accumulator < 0 if negative else self.accumulator >= 0
        product = self.accumulator * multiplier[:, None]
        at_least = (self.level << shift[:, None]) - product
        at_most = ((self.level + 1) << shift[:, None]) - product - 1
        return (
            np.where(here & self.bounded_below, at_least, -UNBOUNDED).max(axis=1),
            np.where(here & self.bounded_above, at_most, UNBOUNDED).min(axis=1),
        )

    def best_multiplier(self, shift: Int64) -> Int64:
        """Return each channel's multiplier with the least empty intervals."""
        from bittrue.golden.certificates.multiplier_search import best_multipliers

        return best_multipliers(*self._arrays, shift, self._limit)

    def smallest_multiplier(self, shift: Int64) -> Int64:
        """Return each channel's smallest feasible multiplier at its shift, or -1."""
        from bittrue.golden.certificates.multiplier_search import smallest_multipliers

        return smallest_multipliers(*self._arrays, shift, self._limit)

    def smallest_shift(self) -> Int64:
        """Return each channel's smallest shift with a solution, or -1."""
        from bittrue.golden.certificates.multiplier_search import smallest_shifts

        return smallest_shifts(*self._arrays, _MAXIMUM_SHIFT, self._limit)


def _choose_pairs(
    below_zero: tuple[Int64, Int64], others: tuple[Int64, Int64], mirror: int
) -> tuple[Int64, Int64]:
    """Choose the constants below zero and the others, as each other's complement if that can be.

    Rounding half away from zero is symmetric, so ``mirror - constant`` usually serves the other
    sign: a circuit then inverts bits instead of storing a second constant.
    """
    mirrored = (np.maximum(others[0], mirror - below_zero[1]),
                np.minimum(others[1], mirror - below_zero[0]))  # fmt: skip
    if (mirrored[0] <= mirrored[1]).all():
        positive = _choose_constants(*mirrored)
        return mirror - positive, positive
    return _choose_constants(*below_zero), _choose_constants(*others)


def _choose_constants(lower: Int64, upper: Int64) -> Int64:
    """Choose from each interval the constant with the most trailing zeros.

    One constant for all channels when one lies in every interval: it then costs no table.
    """
    lower, upper = np.where(lower <= -UNBOUNDED, np.minimum(upper, 0), lower), upper
    upper = np.where(upper >= UNBOUNDED, np.maximum(lower, 0), upper)
    if lower.max() <= upper.min():
        return np.full_like(lower, _roundest(int(lower.max()), int(upper.min())))
    return np.array(
        [_roundest(int(low), int(high)) for low, high in zip(lower, upper, strict=True)],
        dtype=np.int64,
    )


def _roundest(low: int, high: int) -> int:
    """Return the integer of [low, high] with the most trailing zeros."""
    if low <= 0 <= high:
        return 0
    zeros = (high ^ (low - 1)).bit_length() - 1
    return (high >> zeros) << zeros
