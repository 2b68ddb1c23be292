"""Weights that are numbers of entries in a table."""

import torch
from torch import Tensor

from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_types.levels import LevelWeight
from bittrue.golden.quantize.weight_types.rows import at_least, check_bits, per_channel, rows_of

_ITERATIONS = 100


def codebook(weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> LevelWeight:
    """Return weights with a table of ``2**bits`` levels, by k-means, per tensor or channel.

    Clusters start evenly spaced between the extremes. The levels are then rounded to signed
    integers of `level_bits` bits, which is what a circuit multiplies by. S. Han, H. Mao, W. Dally,
    "Deep Compression", ICLR 2016, section 3.
    """
    check_bits(scheme, 1, 8)
    rows = rows_of(weight.detach(), scheme)
    centers = torch.stack([cluster(row, 2**scheme.bits) for row in rows])
    largest = (1 << (scheme.level_bits - 1)) - 1
    scale = per_channel(centers.abs().amax(dim=1) / largest, weight)
    scale = at_least(scale, smallest_scale)
    levels = (per_channel(centers, weight) / scale[:, None]).round()
    return LevelWeight(levels.to(torch.int64), scale, scheme.bits)


def cluster(values: Tensor, number: int) -> Tensor:
    """Return the ascending centers of k-means in one dimension, by Lloyd's iteration.

    Clusters without values keep their centers.
    """
    values = values.double()
    centers = torch.linspace(float(values.min()), float(values.max()), number).double()
    for _ in range(_ITERATIONS):
        nearest = torch.searchsorted((centers[1:] + centers[:-1]) / 2, values)
        counts = torch.bincount(nearest, minlength=number)
        sums = torch.bincount(nearest, values, number)
        moved = torch.where(counts > 0, sums / counts.clamp(min=1), centers)
        if torch.equal(moved, centers):
            break
        centers = moved
    return centers
