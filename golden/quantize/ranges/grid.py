"""The codes that a range is laid out on."""

from collections.abc import Callable
from dataclasses import dataclass

from golden.affine import AffineMap
from golden.integer_type import IntegerType
from golden.quantize.distribution import Distribution

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

    @property
    def symmetric(self) -> bool:
        """Whether zero is in the middle of signed codes, or the lowest unsigned one."""
        return self.type != "asymmetric"

    def map(self, low: float, high: float) -> AffineMap:
        """Return the codes laid out over a range."""
        if self.type == "asymmetric":
            return AffineMap.asymmetric(low, high, self.codes)
        magnitude = max(high, 0.0) if not self.codes.signed else max(abs(low), abs(high))
        if self.type == "power_of_two":
            return AffineMap.power_of_two(magnitude, self.codes)
        return AffineMap.symmetric(magnitude, self.codes)


RangeFinder = Callable[[Distribution, Grid], Range]
