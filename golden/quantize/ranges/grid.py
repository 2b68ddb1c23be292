"""The codes that a range is laid out on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import (
    QuantType,
    asymmetric_scale,
    power_of_two_scale,
    symmetric_scale,
)
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

    def map(self, low: float, high: float) -> QuantType:
        """Return the codes laid out over a range."""
        scale, zero_point = self.maps(low, high)
        return QuantType.affine(self.codes, float(scale), int(zero_point), self.symmetric)

    def maps(self, low: ArrayLike, high: ArrayLike) -> tuple[Float32, Int64]:
        """Return scale and zero point of the codes laid out over each of several ranges."""
        lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if not self.symmetric:
            return asymmetric_scale(lows, highs, self.codes)
        magnitude = np.maximum(highs, 0.0)
        if self.codes.signed:
            magnitude = np.maximum(np.abs(lows), np.abs(highs))
        scale = power_of_two_scale if self.type == "power_of_two" else symmetric_scale
        return scale(magnitude, self.codes), np.zeros(magnitude.shape, dtype=np.int64)


RangeFinder = Callable[[Distribution, Grid], Range]
