"""Weights that are sums of scaled binaries."""

import torch
from torch import Tensor

from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_types.levels import LevelWeight
from bittrue.golden.quantize.weight_types.rows import at_least, check_bits, per_channel, rows_of

_ITERATIONS = 50


def scaled_binaries(weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> LevelWeight:
    """Return weights of ``sum_k alpha[k] * code[k]``, ``code[k] = +-1``, k up to `bits`.

    Each row starts with what XNOR-Net leaves over, term by term (Y. Guo et al., "Network
    Sketching", CVPR 2017, algorithm 1), and is refined by turns until nothing changes: codes are
    the best for the scales, and scales the least squares solution for the codes (algorithm 2 there;
    X. Lin, C. Zhao, W. Pan, "Towards Accurate Binary Convolutional Neural Network", NIPS 2017).
    The scales then become integers whose sum has `level_bits` bits.
    """
    check_bits(scheme, 1, 8)
    rows = rows_of(weight.detach(), scheme)
    alphas = per_channel(torch.stack([fit_scales(row, scheme.bits) for row in rows]), weight)
    # Room for every term to be rounded up.
    largest = (1 << (scheme.level_bits - 1)) - 1 - scheme.bits / 2
    scale = at_least(alphas.sum(dim=1) / largest, smallest_scale)
    integers = (alphas / scale[:, None]).round().to(torch.int64)
    return LevelWeight(_sums(integers), scale, scheme.bits)


def fit_scales(values: Tensor, terms: int) -> Tensor:
    """Return the scales of a sum of scaled binaries, largest first, in float64."""
    values = values.double()
    remainder, scales = values.clone(), []
    for _ in range(terms):
        scales.append(remainder.abs().mean())
        remainder = remainder - scales[-1] * _sign(remainder)
    alphas = torch.stack(scales)
    signs = _signs(terms).double()
    for _ in range(_ITERATIONS):
        sums, order = (signs @ alphas).sort()
        codes = signs[order][_nearest_index(values, sums)]
        solved = torch.linalg.lstsq(codes, values[:, None], driver="gelsd").solution[:, 0]
        # A negative scale is a positive one with all its codes the other way round.
        solved = solved.abs().sort(descending=True).values
        if torch.equal(solved, alphas):
            break
        alphas = solved
    return alphas


def _nearest_index(values: Tensor, levels: Tensor) -> Tensor:
    return torch.searchsorted((levels[1:] + levels[:-1]) / 2, values)


def _sign(values: Tensor) -> Tensor:
    return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)


def _signs(terms: int) -> Tensor:
    """Return all combinations of -1 and +1, shape (2**terms, terms)."""
    return 2 * (torch.arange(2**terms)[:, None] >> torch.arange(terms) & 1) - 1


def _sums(alphas: Tensor) -> Tensor:
    """Return the ascending sums of all combinations of signs, for each row."""
    return (alphas @ _signs(alphas.shape[1]).T).sort(dim=1).values
