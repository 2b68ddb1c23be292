"""Ranges that leave out a share of the values."""

from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range


def percentile(distribution: Distribution, grid: Grid) -> Range:
    """Return the range between two percentiles, `grid.percentile` and its counterpart.

    With 99.99, the default, one value in ten thousand is clipped on each side that has values.
    J. McKinstry et al., "Discovering Low-Precision Networks Close to Full-Precision Networks for
    Efficient Embedded Inference", 2018, arXiv:1809.04191.
    """
    outside = (100 - grid.percentile) / 100
    return distribution.quantile(outside), distribution.quantile(grid.percentile / 100)
