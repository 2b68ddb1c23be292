"""How the values of a tensor are distributed: what every way of finding a range starts from."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bittrue.golden.numbers.arrays import Float64

_BINS = 4096
"""Bins of a histogram at most; at least half of them span the values seen."""

_MOMENTUM = 0.9
"""Share of the earlier batches in a moving range."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values and how often they occur.

    Parameters
    ----------
    points : ndarray of float64, shape (n,)
        Ascending: the values themselves, or the middles of a histogram's bins.
    counts : ndarray of float64, shape (n,)
        How often each occurs.
    minimum, maximum : float
        Exact extremes.
    mean, deviation : float
        Exact mean and standard deviation.
    moving_minimum, moving_maximum : float
        Exponential moving averages of the extremes of batches.
    """

    points: Float64
    counts: Float64
    minimum: float
    maximum: float
    mean: float
    deviation: float
    moving_minimum: float
    moving_maximum: float

    @classmethod
    def of(cls, values: Tensor) -> "Distribution":
        """Return the distribution of values that are all at hand, such as weights."""
        points = np.sort(values.detach().to(torch.float64).reshape(-1).numpy())
        low, high = float(points[0]), float(points[-1])
        return cls(
            points,
            np.ones_like(points),
            low,
            high,
            float(points.mean()),
            float(points.std()),
            low,
            high,
        )

    def quantile(self, share: float) -> float:
        """Return the value that a share of all values, 0 to 1, does not exceed."""
        reached = np.cumsum(self.counts)
        index = int(np.searchsorted(reached, share * reached[-1]))
        return float(self.points[min(index, len(self.points) - 1)])

    def within(self, low: float, high: float) -> tuple[float, float]:
        """Return the part of a range in which there are values."""
        lowest = min(max(low, self.minimum), self.maximum)
        return lowest, max(min(high, self.maximum), lowest)

    def mean_distance(self, middle: float) -> float:
        """Return the mean of ``|value - middle|``; zero without values."""
        return self._mean_of(np.abs(self.points - middle))

    def root_mean_square(self, middle: float) -> float:
        """Return the root of the mean of ``(value - middle)**2``; zero without values."""
        return math.sqrt(self._mean_of(np.square(self.points - middle)))

    def _mean_of(self, values: Float64) -> float:
        total = float(self.counts.sum())
        return float(values @ self.counts) / total if total else 0.0

    def where(self, chosen: NDArray[np.bool_]) -> "Distribution":
        """Return the distribution of some of the points, with the extremes and moments of all."""
        return replace(self, points=self.points[chosen], counts=self.counts[chosen])


class StreamingDistribution:
    """Takes note of a tensor batch by batch, in memory that does not grow with their number.

    Bins are as wide as a power of two and start at its multiples, so that they merge in pairs when
    a value falls outside. Zeros, which ReLU makes many of, are counted exactly.
    """

    def __init__(self) -> None:
        self._count, self._zeros = 0, 0
        self._mean, self._squares = 0.0, 0.0
        self._minimum, self._maximum = math.inf, -math.inf
        self._moving: tuple[float, float] | None = None
        self._exponent = -1074  # Narrower than any float32; the first batch widens it.
        self._first = 0
        self._bins: Float64 = np.zeros(0, dtype=np.float64)

    def observe(self, values: Tensor) -> None:
        """Take note of one batch of finite values."""
        flat = values.detach().to(torch.float64).reshape(-1).numpy()
        low, high = float(flat.min()), float(flat.max())
        self._minimum, self._maximum = min(self._minimum, low), max(self._maximum, high)
        before = self._moving or (low, high)
        self._moving = tuple(  # type: ignore[assignment]
            _MOMENTUM * old + (1 - _MOMENTUM) * new
            for old, new in zip(before, (low, high), strict=True)
        )
        self._add_moments(flat)
        self._add_counts(flat[flat != 0])
        self._zeros += int((flat == 0).sum())

    def result(self) -> Distribution:
        """Return the distribution of everything seen."""
        occupied = np.flatnonzero(self._bins)
        width = math.ldexp(1.0, self._exponent)
        middles = (self._first + occupied + 0.5) * width
        points = np.append(np.clip(middles, self._minimum, self._maximum), 0.0)
        counts = np.append(self._bins[occupied], float(self._zeros))
        order = np.argsort(points, kind="stable")
        low, high = self._moving or (0.0, 0.0)
        return Distribution(
            points[order],
            counts[order],
            self._minimum,
            self._maximum,
            self._mean,
            math.sqrt(self._squares / self._count),
            low,
            high,
        )

    def _add_moments(self, flat: Float64) -> None:
        """Update mean and squared deviations; Chan, Golub, LeVeque, 1983."""
        count, mean = flat.size, float(flat.mean())
        difference, total = mean - self._mean, self._count + count
        self._squares += float(np.square(flat - mean).sum())
        self._squares += difference**2 * self._count * count / total
        self._mean += difference * count / total
        self._count = total

    def _add_counts(self, values: Float64) -> None:
        if not values.size:
            return
        largest = float(np.abs(values).max())
        # The span from zero to the largest magnitude takes at most half of the bins on each side.
        needed = math.frexp(largest)[1] - int(math.log2(_BINS // 2))
        if needed > self._exponent:
            self._widen(needed)
        indices = np.floor(np.ldexp(values, -self._exponent)).astype(np.int64)
        first = min(self._first, int(indices.min())) if self._bins.size else int(indices.min())
        last = max(self._first + self._bins.size - 1, int(indices.max()))
        grown: Float64 = np.zeros(last - first + 1, dtype=np.float64)
        grown[self._first - first : self._first - first + self._bins.size] = self._bins
        grown += np.bincount(indices - first, minlength=grown.size)
        self._first, self._bins = first, grown

    def _widen(self, exponent: int) -> None:
        """Merge bins until they are ``2**exponent`` wide."""
        if self._bins.size:
            old = self._first + np.arange(self._bins.size)
            new = old >> min(exponent - self._exponent, 62)
            self._first = int(new[0])
            self._bins = np.bincount(new - new[0], weights=self._bins).astype(np.float64)
        self._exponent = exponent
