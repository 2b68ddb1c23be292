"""Histograms of weights and activations beside the range that their codes represent."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.numbers.arrays import Float64
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.distribution import Distribution

_BINS = 64
_MOST_LEVELS = 16
"""Levels that are few enough to be drawn one by one."""


@dataclass(frozen=True)
class Histogram:
    """Values in bins of equal width, and what codes can stand for.

    Parameters
    ----------
    start, width : float
        Lower end of the first bin, and the width of all.
    shares : tuple of float
        Of all values, in each bin.
    low, high : float
        Lowest and highest value that codes stand for.
    clipped : float
        Share of the values further outside than half a step.
    levels : tuple of float
        All values that codes stand for, where they are few and the same everywhere.
    codes_used, codes : int
        Codes that occur, and codes that there are.
    central : (float, float)
        What 99.9 % of the values lie within.
    """

    start: float
    width: float
    shares: tuple[float, ...]
    low: float
    high: float
    clipped: float
    levels: tuple[float, ...]
    codes_used: int
    codes: int
    central: tuple[float, float]


def histogram_of_values(seen: Distribution, mapping: QuantType) -> Histogram:
    """Return the histogram of a tensor."""
    points = seen.points[seen.counts > 0]
    if mapping.bipolar:  # A sign clips nothing.
        return _histogram(
            seen, -1.0, 1.0, 0.0, np.array([-1.0, 1.0]), len(np.unique(points >= 0)), 2
        )
    scale, zero_point = mapping.scale, mapping.zero_point
    steps = (np.arange(mapping.minimum, mapping.maximum + 1) - zero_point).astype(np.float64)
    low, high = float(steps[0] * scale), float(steps[-1] * scale)
    outside = (seen.points < low - scale / 2) | (seen.points > high + scale / 2)
    clipped = float(seen.counts[outside].sum() / seen.counts.sum())
    used = np.unique(np.clip(np.rint(points / scale), steps[0], steps[-1]))
    return _histogram(seen, low, high, clipped, steps * scale, len(used), len(steps))


def histogram_of_weights(weight: Tensor, integers: IntegerWeight) -> Histogram:
    """Return the histogram of a layer's weights; a range for each channel, so the widest."""
    real = integers.real().double().numpy()
    used = np.unique(integers.codes)
    one_scale = len(np.unique(integers.scale)) == 1
    levels: Float64 = np.unique(real) if one_scale else np.zeros(0)
    rows, steps = real.reshape(len(real), -1), integers.scale[:, None] / 2
    values = weight.detach().double().numpy().reshape(len(real), -1)
    low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
    outside = (values < low - steps * 1.001) | (values > high + steps * 1.001)
    return _histogram(
        Distribution.of(weight),
        float(real.min()),
        float(real.max()),
        float(outside.mean()),
        levels,
        len(used),
        round(2**integers.bits),
    )


def _histogram(
    seen: Distribution,
    low: float,
    high: float,
    clipped: float,
    levels: Float64,
    used: int,
    codes: int,
) -> Histogram:
    start, end = min(seen.minimum, low), max(seen.maximum, high)
    width = (end - start) / _BINS or 1.0
    indices = np.clip(((seen.points - start) / width).astype(np.int64), 0, _BINS - 1)
    counts = np.bincount(indices, weights=seen.counts, minlength=_BINS)
    return Histogram(
        start,
        width,
        tuple((counts / counts.sum()).tolist()),
        low,
        high,
        clipped,
        tuple(levels.tolist()) if len(levels) <= _MOST_LEVELS else (),
        used,
        codes,
        (seen.quantile(0.0005), seen.quantile(0.9995)),
    )
