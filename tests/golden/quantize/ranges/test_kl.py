"""Ranges by Kullback-Leibler divergence, on distributions whose threshold is evident."""

import numpy as np
import torch

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges import RANGES, Grid

EIGHT = Grid(IntegerType(8, True), "symmetric")


def test_uniform_values_are_not_clipped() -> None:
    values = torch.linspace(-3, 3, 40_001)
    assert RANGES["kl"](Distribution.of(values), EIGHT) == (-3, 3)


def test_a_far_outlier_is_clipped() -> None:
    values = torch.cat([torch.linspace(-1, 1, 40_001), torch.tensor([8.0])])
    low, high = RANGES["kl"](Distribution.of(values), EIGHT)
    assert low == -1
    assert 1 <= high < 1.1


def test_the_divergence_is_the_least_of_all_thresholds() -> None:
    generator = np.random.default_rng(1)
    magnitudes = np.abs(generator.laplace(size=30_000))
    seen = Distribution.of(torch.from_numpy(magnitudes))
    _, high = RANGES["kl"](seen, EIGHT)
    histogram, edges = np.histogram(magnitudes, 2048, (0, magnitudes.max()))
    sizes = [*range(256, 2048, 8), 2048]
    divergences = {edges[size]: divergence(histogram, size, 256) for size in sizes}
    assert abs(high - min(divergences, key=lambda edge: divergences[edge])) < 1e-9


def divergence(histogram: np.ndarray, size: int, levels: int) -> float:
    """Return the divergence, bin by bin as the slides of GTC 2017 have it."""
    p = histogram[:size].astype(float)
    p[-1] += histogram[size:].sum()
    q = np.zeros(size)
    for level in range(levels):
        first, end = -(-level * size // levels), -(-(level + 1) * size // levels)
        bins = [i for i in range(first, end) if histogram[i]]
        for i in bins:
            q[i] = sum(histogram[j] for j in bins) / len(bins)
    p, q = p / p.sum(), q / q.sum()
    if any(b == 0 for a, b in zip(p, q, strict=True) if a):
        return np.inf
    return sum(a * np.log(a / b) for a, b in zip(p, q, strict=True) if a)
