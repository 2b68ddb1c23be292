"""The range with the least squared error."""

from collections.abc import Callable

import numpy as np

from bittrue.golden.numbers.arrays import Float64
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range

_COARSE, _FINE = 64, 32
"""Candidates over the whole range, and then around the best of them."""

_TURNS = 2
"""How often each end of an asymmetric range is searched."""

_BLOCK = 1 << 20
"""Errors computed at once, which bounds the memory."""


def mse(distribution: Distribution, grid: Grid) -> Range:
    """Return the range whose codes have the least mean squared error, by search.

        minimize sum counts * (points - scale * (code - zero_point))**2

    Symmetric codes search one magnitude; asymmetric ones shrink both ends together and then each in
    turn. Clipping and rounding count alike, as the codes really are laid out. S. Shin, K. Hwang,
    W. Sung, "Fixed-Point Performance Analysis of Recurrent Neural Networks", ICASSP 2016; known as
    L2 in R. Zhao et al., "Improving Neural Network Quantization without Retraining using Outlier
    Channel Splitting", ICML 2019.
    """
    low, high = _shrunk(distribution, grid, (distribution.minimum, distribution.maximum))
    if grid.symmetric or low >= 0 or high <= 0:
        return low, high
    for _ in range(_TURNS):
        low, high = _shrunk(distribution, grid, (low, high), keep_high=True)
        low, high = _shrunk(distribution, grid, (low, high), keep_low=True)
    return low, high


def _shrunk(
    distribution: Distribution,
    grid: Grid,
    widest: Range,
    keep_low: bool = False,
    keep_high: bool = False,
) -> Range:
    """Return the range with the least error of those with ends nearer to zero by one share."""
    low, high = widest

    def ends(share: Float64) -> tuple[Float64, Float64]:
        same = np.ones_like(share)
        return low * (same if keep_low else share), high * (same if keep_high else share)

    share = _best_share(lambda shares: squared_errors(distribution, grid, *ends(shares)))
    low_end, high_end = ends(np.array([share]))
    return float(low_end[0]), float(high_end[0])


def squared_errors(
    distribution: Distribution, grid: Grid, lows: Float64, highs: Float64
) -> Float64:
    """Return the summed squared error that each of several ranges makes."""
    singles, zero_points = grid.maps(lows, highs)
    scales = singles.astype(np.float64)
    lowest, highest = grid.map(0.0, 1.0).minimum, grid.codes.maximum
    block = max(1, _BLOCK // len(distribution.points))
    errors = []
    for start in range(0, len(scales), block):
        scale, zero_point = (each[start : start + block, None] for each in (scales, zero_points))
        steps = np.rint(distribution.points / scale)
        steps = np.clip(steps, lowest - zero_point, highest - zero_point)
        errors.append(np.square(distribution.points - steps * scale) @ distribution.counts)
    return np.concatenate(errors)


def _best_share(error: Callable[[Float64], Float64]) -> float:
    """Return the share of the range, above 0 to 1, that makes the least error."""
    coarse = np.arange(1, _COARSE + 1) / _COARSE
    # The last of equals clips least.
    best = coarse[_last_minimum(error(coarse))]
    fine = best + np.arange(-_FINE, _FINE + 1) / (_FINE * _COARSE)
    fine = fine[(fine > 0) & (fine <= 1)]
    return float(fine[_last_minimum(error(fine))])


def _last_minimum(values: Float64) -> int:
    return len(values) - 1 - int(np.argmin(values[::-1]))
