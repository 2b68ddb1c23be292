"""Ranges of some standard deviations."""

from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range


def n_sigma(distribution: Distribution, grid: Grid) -> Range:
    """Return ``mean - sigmas * deviation`` to ``mean + sigmas * deviation``, or less if unused.

    `grid.sigmas` is 3 by default.
    """
    reach = grid.sigmas * distribution.deviation
    return distribution.within(distribution.mean - reach, distribution.mean + reach)
