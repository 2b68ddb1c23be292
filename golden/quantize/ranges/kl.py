"""The range that keeps most of the information."""

import numpy as np

from bittrue.golden.numbers.arrays import Float64
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range

_BINS = 2048
_STEP = 8
"""Bins between two thresholds that are tried."""


def kl(distribution: Distribution, grid: Grid) -> Range:
    """Return the range with the least Kullback-Leibler divergence after quantization.

    The magnitudes go into 2,048 bins. For every threshold, the reference P has the bins below it,
    and all that is clipped in the last of them; Q has as many levels as there are codes for
    magnitudes, each spread evenly over its bins that are not empty. The threshold with the least
    ``sum P log(P / Q)`` wins. S. Migacz, "8-bit Inference with TensorRT", GTC 2017. Meant for
    8 bits; with few bits it clips too little or too much.
    """
    magnitudes = np.abs(distribution.points)
    largest = float(magnitudes.max())
    # Zero has a code of its own with any threshold.
    counted = np.where(magnitudes > 0, distribution.counts, 0.0)
    histogram, _ = np.histogram(magnitudes, _BINS, (0.0, largest or 1.0), weights=counted)
    codes = grid.codes.maximum - grid.codes.minimum + 1
    levels = codes if distribution.minimum >= 0 else codes // 2
    first = min(max(levels, 2), _BINS)
    sizes = [*range(first, _BINS, _STEP), _BINS]
    divergences = [_divergence(histogram, size, levels) for size in sizes]
    threshold = largest * sizes[int(np.argmin(divergences))] / _BINS
    return distribution.within(-threshold, threshold)


def _divergence(histogram: Float64, size: int, levels: int) -> float:
    """Return how much a histogram clipped to `size` bins loses when quantized to some levels."""
    kept = histogram[:size]
    reference = kept.copy()
    reference[-1] += histogram[size:].sum()
    level = np.arange(size) * levels // size
    occupied = kept > 0
    totals = np.bincount(level, kept, levels)
    shares = np.bincount(level, occupied, levels)
    spread = np.where(occupied, totals[level] / np.maximum(shares[level], 1), 0.0)
    if not spread.any():
        return np.inf
    p, q = reference / reference.sum(), spread / spread.sum()
    seen = p > 0
    if (q[seen] == 0).any():  # Everything clipped fell where nothing had been.
        return np.inf
    return float((p[seen] * np.log(p[seen] / q[seen])).sum())
