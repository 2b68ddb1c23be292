"""Ranges that are simply what was seen."""

from golden.quantize.distribution import Distribution
from golden.quantize.ranges.grid import Grid, Range


def min_max(distribution: Distribution, grid: Grid) -> Range:
    """Return the smallest and the largest value: nothing is clipped."""
    return distribution.minimum, distribution.maximum
