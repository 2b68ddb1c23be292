"""Analytic clipping against the paper's table and against distributions with known answers."""

import numpy as np
import pytest
import torch

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges import RANGES, Grid
from bittrue.golden.quantize.ranges.aciq import gauss_clip, laplace_clip
from bittrue.golden.quantize.trained import LEARNED

# Banner, Nahshan, Soudry, NeurIPS 2019: text below equation 5, and the table of their code.
LAPLACE = {2: 2.83, 3: 3.89, 4: 5.03}
GAUSS = {2: 1.71, 3: 2.15, 4: 2.55, 5: 2.93, 6: 3.28, 7: 3.61, 8: 3.92}


@pytest.mark.parametrize(("bits", "alpha"), LAPLACE.items())
def test_laplace_multiples_are_the_papers(bits: int, alpha: float) -> None:
    assert abs(laplace_clip(bits) - alpha) < 0.01  # Printed with two digits.


@pytest.mark.parametrize(("bits", "alpha"), GAUSS.items())
def test_gauss_multiples_are_the_papers(bits: int, alpha: float) -> None:
    assert abs(gauss_clip(bits) - alpha) < 0.01


def laplace_values(scale: float) -> torch.Tensor:
    shares = (np.arange(20_000) + 0.5) / 20_000
    inverse = -np.sign(shares - 0.5) * np.log1p(-2 * np.abs(shares - 0.5))
    return torch.from_numpy(scale * inverse)


def gauss_values(deviation: float) -> torch.Tensor:
    shares = (torch.arange(20_000).double() + 0.5) / 20_000
    return torch.special.ndtri(shares) * deviation


FOUR = Grid(IntegerType(4, True), "asymmetric")


def test_of_both_fits_the_likelier_decides() -> None:
    laplace, gauss = Distribution.of(laplace_values(2.0)), Distribution.of(gauss_values(2.0))
    assert RANGES["aciq"](laplace, FOUR) == RANGES["aciq_laplace"](laplace, FOUR)
    assert RANGES["aciq"](gauss, FOUR) == RANGES["aciq_gauss"](gauss, FOUR)
    assert RANGES["aciq_gauss"](laplace, FOUR) != RANGES["aciq_laplace"](laplace, FOUR)


def test_ranges_are_the_multiples_around_the_mean() -> None:
    low, high = RANGES["aciq"](Distribution.of(laplace_values(2.0) + 5), FOUR)
    assert abs(low - (5 - 2 * 5.03)) < 0.05
    assert abs(high - (5 + 2 * 5.03)) < 0.05


@pytest.mark.parametrize("type", ["asymmetric", "symmetric"])
def test_after_relu_all_codes_go_to_one_side(type: str) -> None:
    # One bit more of the two-sided table; zeros are not part of the fitted half.
    grid = Grid(IntegerType(3, type == "asymmetric"), type)
    low, high = RANGES["aciq"](Distribution.of(laplace_values(2.0).clamp(min=0)), grid)
    assert low == 0
    assert abs(high - 2 * 5.03) < 0.05


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
@pytest.mark.parametrize("name", [name for name in RANGES if name not in LEARNED])
def test_constants_keep_their_range(name: str, value: float) -> None:
    low, high = RANGES[name](Distribution.of(torch.full((7,), value)), FOUR)
    assert low <= value <= high
    FOUR.map(low, high)
