"""Ranges with the least squared error, against closed forms and exhaustive search."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges import RANGES, Grid

SHARES = (torch.arange(20_001).double() + 0.5) / 20_001
GAUSS = torch.special.ndtri(SHARES)


def expected_error(step: float, largest: int) -> float:
    """Return the squared error of rounding unit normal values to ``-largest..largest`` steps."""

    def inside(low: float, high: float, level: float) -> float:
        # The integral of (x - level)**2 times the density, from its antiderivative.
        def antiderivative(x: float) -> float:
            if math.isinf(x):
                return (1 + level**2) * norm.cdf(x)
            return (1 + level**2) * norm.cdf(x) + (2 * level - x) * norm.pdf(x)

        return antiderivative(high) - antiderivative(low)

    edges = [-math.inf, *((k + 0.5) * step for k in range(-largest, largest)), math.inf]
    levels = range(-largest, largest + 1)
    return sum(
        inside(low, high, k * step)
        for k, low, high in zip(levels, edges[:-1], edges[1:], strict=True)
    )


def test_the_closed_form_is_that_of_the_literature() -> None:
    # J. Max, "Quantizing for Minimum Distortion", 1960, table 2, three levels.
    best = minimize_scalar(expected_error, bounds=(0.1, 3), args=(1,), method="bounded")
    assert best.x == pytest.approx(1.2240, abs=2e-4)
    assert best.fun == pytest.approx(0.1902, abs=1e-4)


@pytest.mark.parametrize("bits", [2, 3, 4, 6])
def test_steps_for_normal_values_are_the_best(bits: int) -> None:
    grid = Grid(IntegerType(bits, True), "symmetric")
    _, high = RANGES["mse"](Distribution.of(GAUSS), grid)
    largest = grid.codes.maximum
    best = minimize_scalar(expected_error, bounds=(0.01, 3), args=(largest,), method="bounded")
    assert expected_error(high / largest, largest) == pytest.approx(best.fun, rel=2e-3)


@pytest.mark.parametrize("type", ["symmetric", "asymmetric", "power_of_two"])
@pytest.mark.parametrize("bits", [2, 4])
def test_no_range_of_an_exhaustive_search_is_better(type: str, bits: int) -> None:
    values = torch.randn(40, generator=torch.Generator().manual_seed(bits)).double()
    values[0] = 6.0  # An outlier worth clipping.
    seen, grid = Distribution.of(values), Grid(IntegerType(bits, True), type)

    def error(low: float, high: float) -> float:
        return float((values - fake_quantized(values, low, high, grid)).square().sum())

    found = error(*RANGES["mse"](seen, grid))
    low, high = seen.minimum, seen.maximum
    shares = np.linspace(0.02, 1, 50)
    pairs = (
        [(low * s, high * s) for s in shares]
        if grid.symmetric
        else [(low * a, high * b) for a in shares for b in shares]
    )
    best = min(error(*pair) for pair in pairs)
    # Ends searched in turn may miss a pair of both; a single magnitude is searched more finely.
    assert found <= best * (1 if grid.symmetric else 1.1)


def fake_quantized(values: torch.Tensor, low: float, high: float, grid: Grid) -> torch.Tensor:
    mapping = grid.map(low, high)
    scale, zero = mapping.scale, mapping.zero_point
    quantized = torch.fake_quantize_per_tensor_affine(
        values.float(), scale, zero, mapping.minimum, mapping.maximum
    )
    return quantized.double()
