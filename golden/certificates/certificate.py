"""A proof that small integers requantize every reachable accumulator as the reference does.

A requantizer is a monotone step function of the accumulator: it *is* its list of thresholds.
`certificate_search` finds a multiplier and two rounding constants that reproduce every threshold;
this module holds the result, checks it again without the search, and needs numpy alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType

Reference = Callable[[Int64], Int64]
"""Maps accumulators of shape (..., channels) to output codes of the same shape."""

UNBOUNDED = 1 << 61
"""More than any constant of a certificate."""


class CertificateError(UserError):
    """A certificate does not hold, or none exists within the allowed width."""


@dataclass(frozen=True, eq=False)
class StepFunction:
    """The thresholds of every channel of a requantizer over its reachable accumulators.

    Parameters
    ----------
    accumulator_minimum, accumulator_maximum : ndarray of int64, shape (channels,)
        Reachable accumulators, inclusive.
    lowest_code : ndarray of int64, shape (channels,)
        Output code at `accumulator_minimum`.
    thresholds : tuple of ndarray of int64
        For each channel, the smallest accumulator that gives a code of at least
        ``lowest_code + 1``, ``lowest_code + 2``, ... up to the code at `accumulator_maximum`.
        Not descending; a code the channel skips shares the threshold of the next.
    """

    accumulator_minimum: Int64
    accumulator_maximum: Int64
    lowest_code: Int64
    thresholds: tuple[Int64, ...]

    @property
    def highest_code(self) -> Int64:
        """Output code at `accumulator_maximum`, shape (channels,)."""
        return self.lowest_code + np.array([len(t) for t in self.thresholds], dtype=np.int64)

    @property
    def saturation(self) -> tuple[int, int]:
        """Lowest and highest accumulator beyond which no channel's code or sign changes."""
        low = min((int(t[0]) - 1 for t in self.thresholds if len(t)), default=0)
        high = max((int(t[-1]) for t in self.thresholds if len(t)), default=0)
        if (self.accumulator_maximum < 0).any():  # Its constant is the one below zero.
            low = min(low, -1)
        return low, high

    def __len__(self) -> int:
        return len(self.thresholds)

    def evaluate(self, accumulator: Int64) -> Int64:
        """Return the codes of accumulators of shape (n, channels)."""
        columns = [
            np.searchsorted(thresholds, accumulator[:, channel], side="right")
            for channel, thresholds in enumerate(self.thresholds)
        ]
        return np.stack(columns, axis=1) + self.lowest_code

    def channel(self, index: int) -> "StepFunction":
        """Return one channel as a step function of its own."""
        return self.select([index])

    def select(self, indices: Sequence[int]) -> "StepFunction":
        """Return some channels, in the order given."""
        chosen = list(indices)
        return StepFunction(
            self.accumulator_minimum[chosen],
            self.accumulator_maximum[chosen],
            self.lowest_code[chosen],
            tuple(self.thresholds[index] for index in chosen),
        )


@dataclass(frozen=True, eq=False)
class Certificate:
    """Integers that reproduce a step function, with the step function they reproduce.

        constant = negative_constant if accumulator < 0 else positive_constant
        code = clamp(((accumulator * multiplier + constant) >> shift) + zero_point)
        code = code + correction where accumulator is an exception

    A float-defined reference rounds its product to 24 bits before it rounds to an integer, which
    can turn a value just beside a tie into a tie. No multiplier follows that, so the few
    accumulators where it happens are listed as exceptions; most layers have none.

    Parameters
    ----------
    steps : StepFunction
        What is reproduced.
    shift : int
        Right shift, the same for all channels.
    multiplier, negative_constant, positive_constant : ndarray of int64, shape (channels,)
        Unsigned multiplier and the rounding constants for accumulators below zero and the others.
    zero_point, minimum, maximum : ndarray of int64, shape (channels,)
        Zero point and clamp of the output codes.
    exception, correction : ndarray of int64, shape (slots, channels)
        Accumulators whose code is corrected, and by how much; an unused slot corrects by zero.
    """

    steps: StepFunction
    shift: int
    multiplier: Int64
    negative_constant: Int64
    positive_constant: Int64
    zero_point: Int64
    minimum: Int64
    maximum: Int64
    exception: Int64
    correction: Int64

    def __len__(self) -> int:
        return len(self.multiplier)

    @property
    def multiplier_width(self) -> int:
        """Bits of the widest unsigned multiplier."""
        return max(int(self.multiplier.max()).bit_length(), 1)

    @property
    def saturated_accumulator(self) -> IntegerType:
        """Narrowest type to which the accumulator can saturate before it is multiplied."""
        return IntegerType.spanning(*self.steps.saturation)

    @property
    def accumulator(self) -> IntegerType:
        """Narrowest signed type that holds every reachable accumulator."""
        low, high = self.steps.accumulator_minimum.min(), self.steps.accumulator_maximum.max()
        return IntegerType.spanning(min(int(low), -1), int(high))

    def select(self, indices: Sequence[int]) -> "Certificate":
        """Return some channels, in the order given.

        Shift and number of exception slots stay those of all channels, so circuits of different
        channels have the same latency.
        """
        chosen = list(indices)
        return Certificate(
            self.steps.select(chosen),
            self.shift,
            self.multiplier[chosen],
            self.negative_constant[chosen],
            self.positive_constant[chosen],
            self.zero_point[chosen],
            self.minimum[chosen],
            self.maximum[chosen],
            self.exception[:, chosen],
            self.correction[:, chosen],
        )

    def evaluate(self, accumulator: Int64) -> Int64:
        """Compute the codes of accumulators of shape (..., channels) from the constants alone.

        As in the circuit, an accumulator first saturates to `saturated_accumulator`; with products
        below 2**63 at that type's ends, none overflows.
        """
        narrow = self.saturated_accumulator
        accumulator = np.clip(accumulator, narrow.minimum, narrow.maximum)
        constant = np.where(accumulator < 0, self.negative_constant, self.positive_constant)
        scaled = (accumulator * self.multiplier + constant) >> self.shift
        code = np.clip(scaled + self.zero_point, self.minimum, self.maximum)
        for exception, correction in zip(self.exception, self.correction, strict=True):
            code = code + np.where(accumulator == exception, correction, 0)
        return code

    def check(self, reference: Reference | None = None) -> None:
        """Prove again that the constants reproduce the reference on every reachable accumulator.

        Exceptions aside, both functions ascend on the accumulators below zero and on the others,
        so they are equal everywhere once they are equal on both sides of every threshold and
        exception, at the ends of the range, and at -1 and 0. No search is repeated.

        Parameters
        ----------
        reference : callable, optional
            The reference itself, to check the recorded thresholds too.

        Raises
        ------
        CertificateError
            Naming the first channel and accumulator that differ.
        """
        if (self.multiplier < 0).any():
            raise CertificateError(
                f"channel {int(np.argmin(self.multiplier))} has a negative multiplier"
            )
        beside = np.concatenate([self.exception + offset for offset in (-1, 0, 1)])
        reachable = np.clip(beside, self.steps.accumulator_minimum, self.steps.accumulator_maximum)
        points = np.concatenate([decisive_points(self.steps), reachable])
        expected = self.steps.evaluate(points)
        self._compare("the constants give", self.evaluate(points), points, expected)
        if reference is not None:
            self._compare("the reference gives", reference(points), points, expected)

    @staticmethod
    def _compare(what: str, codes: Int64, points: Int64, expected: Int64) -> None:
        wrong = np.argwhere(codes != expected)
        if len(wrong):
            row, channel = wrong[0]
            raise CertificateError(
                f"channel {channel}, accumulator {points[row, channel]}: {what} "
                f"{codes[row, channel]}, the thresholds say {expected[row, channel]}"
            )


def decisive_points(steps: StepFunction) -> Int64:
    """Return the accumulators that decide equality, shape (points, channels).

    Both sides of every threshold, the ends of the reachable range, and -1 and 0. Channels with
    fewer points repeat their lowest accumulator.
    """
    longest = max(len(thresholds) for thresholds in steps.thresholds)
    points = np.tile(steps.accumulator_minimum, (2 * longest + 4, 1))
    points[0] = steps.accumulator_maximum
    for offset, accumulator in ((1, -1), (2, 0)):
        points[offset] = np.clip(accumulator, steps.accumulator_minimum, steps.accumulator_maximum)
    for channel, thresholds in enumerate(steps.thresholds):
        points[4 : 4 + len(thresholds), channel] = thresholds
        points[4 + longest : 4 + longest + len(thresholds), channel] = thresholds - 1
    return points
