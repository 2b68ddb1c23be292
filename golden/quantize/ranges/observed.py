"""Ranges that follow from the smallest and the largest values seen."""

from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range


def min_max(distribution: Distribution, grid: Grid) -> Range:
    """Return the smallest and the largest value: nothing is clipped."""
    return distribution.minimum, distribution.maximum


def moving_average(distribution: Distribution, grid: Grid) -> Range:
    """Return exponential moving averages of the extremes of batches.

    A single outlier moves them by a tenth. B. Jacob et al., "Quantization and Training of Neural
    Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, section 3.1. Weights are
    one batch, so that it equals `min_max`.
    """
    return distribution.moving_minimum, distribution.moving_maximum
