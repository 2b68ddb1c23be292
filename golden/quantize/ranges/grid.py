"""The codes that a range is laid out on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.codes.affine import AffineMap
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.scheme import ActivationScheme, WeightScheme

Range = tuple[float, float]
"""Lowest and highest value to represent."""


@dataclass(frozen=True)
class Grid:
    """The codes of a tensor and how they are spaced, all but the range.

    Parameters
    ----------
    codes : IntegerType
    type : {"asymmetric", "symmetric", "power_of_two"}
    percentile, sigmas : float
        Options of the ways to find a range that have them.
    """

    codes: IntegerType
    type: str
    percentile: float = 99.99
    sigmas: float = 3.0

    @classmethod
    def of(cls, codes: IntegerType, scheme: WeightScheme | ActivationScheme) -> "Grid":
        """Return codes spaced as a scheme says."""
        return cls(codes, scheme.type, scheme.percentile, scheme.sigmas)

    @property
    def symmetric(self) -> bool:
        """Whether zero is in the middle of signed codes, or the lowest unsigned one."""
        return self.type != "asymmetric"

    def map(self, low: ArrayLike, high: ArrayLike) -> AffineMap:
        """Return the codes laid out over a range, or over each of several."""
        lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        axis = 0 if lows.ndim else None
        if self.type == "asymmetric":
            return AffineMap.asymmetric(lows, highs, self.codes, axis)
        magnitude = np.maximum(highs, 0.0)
        if self.codes.signed:
            magnitude = np.maximum(np.abs(lows), np.abs(highs))
        if self.type == "power_of_two":
            return AffineMap.power_of_two(magnitude, self.codes, axis)
        return AffineMap.symmetric(magnitude, self.codes, axis)


RangeFinder = Callable[[Distribution, Grid], Range]
