"""Ranges that training starts from, and the one that DoReFa-Net fixes."""

import math

import numpy as np

from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range


def lsq(distribution: Distribution, grid: Grid) -> Range:
    """Return the range of learned step size quantization before training.

        step = 2 * mean(abs(value)) / sqrt(highest)

    S. Esser et al., "Learned Step Size Quantization", ICLR 2020, section 2.1; `highest` is the
    largest multiple of the step. Asymmetric codes of values of both signs are shared out between
    them as the extremes are.
    """
    mean = float(np.average(np.abs(distribution.points), weights=distribution.counts))
    codes = grid.codes
    if grid.symmetric:
        reach = 2 * mean * math.sqrt(codes.maximum)
        return (-reach if codes.signed else 0.0), reach
    steps = codes.maximum - codes.minimum
    low, high = min(distribution.minimum, 0.0), max(distribution.maximum, 0.0)
    if low == high:
        return 0.0, 0.0
    # Values of one sign have all the steps on their side, others about half.
    highest = steps * max(high, -low) / (high - low)
    reach = 2 * mean / math.sqrt(highest) * steps / (high - low)
    return low * reach, high * reach


def pact(distribution: Distribution, grid: Grid) -> Range:
    """Return the range of parameterized clipping activation before training: what was seen.

    J. Choi et al., "PACT: Parameterized Clipping Activation for Quantized Neural Networks",
    arXiv:1805.06085, start from a constant instead, which only needs to be large enough.
    """
    return distribution.minimum, distribution.maximum


def dorefa(distribution: Distribution, grid: Grid) -> Range:
    """Return 0 to 1 whatever the values: the clipped activation of DoReFa-Net.

    S. Zhou et al., "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks with Low
    Bitwidth Gradients", arXiv:1606.06160, equation 11.
    """
    return 0.0, 1.0
