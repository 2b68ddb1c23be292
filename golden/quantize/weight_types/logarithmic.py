"""Weights that are powers of two: a sign, and how far to shift."""

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_types.levels import LevelWeight, nearest_level
from bittrue.golden.quantize.weight_types.rows import at_least, check_bits, per_channel, rows_of

_CANDIDATES = 128


def logarithmic(weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> LevelWeight:
    """Return weights of zero and ``+-scale * 2**k``, k from 0 to ``2**(bits - 1) - 2``.

    Range min_max puts the largest magnitude on the largest power; mse searches for the scale with
    the least squared error. Weights go to the nearest level, as in A. Zhou et al., "Incremental
    Network Quantization", ICLR 2017, equation 3; D. Miyashita, E. Lee, B. Murmann, "Convolutional
    Neural Networks using Logarithmic Data Representation", 2016, arXiv:1603.01025, rounds the
    logarithm instead. Up to 5 bits: then the largest power has 15 bits.
    """
    check_bits(scheme, 2, 5)
    if scheme.range not in ("min_max", "mse"):
        raise UserError(
            f"weight.range is {scheme.range!r} with type logarithmic; allowed: min_max, mse"
        )
    exponents = torch.arange(2 ** (scheme.bits - 1) - 1)
    powers = 2**exponents
    levels = torch.cat([-powers.flip(0), torch.zeros(1, dtype=torch.int64), powers])
    rows = rows_of(weight.detach(), scheme)
    scale = rows.abs().amax(dim=1) / powers[-1]
    if scheme.range == "mse":
        scale = _best_scale(rows, scale, levels)
    scale = at_least(per_channel(scale, weight), smallest_scale)
    return LevelWeight(levels.expand(len(weight), -1), scale, scheme.bits)


def _best_scale(rows: Tensor, largest: Tensor, levels: Tensor) -> Tensor:
    """Return the scale of each row, from half to 4/3 of `largest`, with the least squared error.

    Scales an octave apart share all but one level at each end.
    """
    best, least = largest.clone(), torch.full_like(largest, torch.inf)
    for share in torch.linspace(4 / 3, 0.5, _CANDIDATES):
        scale = (largest * share).clamp(min=torch.finfo(torch.float32).tiny)[:, None]
        expanded = levels.to(rows.dtype).expand(len(rows), -1)
        error = (nearest_level(rows / scale, expanded) * scale - rows).square().sum(dim=1)
        better = error < least
        best = torch.where(better, scale[:, 0], best)
        least = torch.where(better, error, least)
    return best
