"""Ranges from extremes, percentiles and standard deviations, by closed forms."""

import numpy as np
import pytest
import torch

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize import ActivationScheme, WeightScheme
from bittrue.golden.quantize.distribution import Distribution, StreamingDistribution
from bittrue.golden.quantize.ranges import RANGES, Grid

CODES = IntegerType(8, True)


def grid(**options: float) -> Grid:
    return Grid(CODES, "asymmetric", **options)


def streamed(*batches: torch.Tensor) -> Distribution:
    distribution = StreamingDistribution()
    for batch in batches:
        distribution.observe(batch)
    return distribution.result()


def test_moving_average_forgets_a_tenth() -> None:
    seen = streamed(torch.tensor([-1.0, 10.0]), torch.tensor([-3.0, 20.0]), torch.tensor([0.0]))
    low, high = RANGES["moving_average"](seen, grid())
    assert low == pytest.approx(0.9 * (0.9 * -1 + 0.1 * -3) + 0.1 * 0, rel=1e-12)
    assert high == pytest.approx(0.9 * (0.9 * 10 + 0.1 * 20) + 0.1 * 0, rel=1e-12)
    assert RANGES["min_max"](seen, grid()) == (-3, 20)


def test_percentile_is_numpys() -> None:
    values = torch.randn(1000, generator=torch.Generator().manual_seed(1))
    low, high = RANGES["percentile"](Distribution.of(values), grid(percentile=97.0))
    expected = np.percentile(values.double().numpy(), [3, 97], method="inverted_cdf")
    assert (low, high) == tuple(expected)


def test_percentile_of_a_stream_is_within_a_bin() -> None:
    values = torch.randn(50_000, generator=torch.Generator().manual_seed(1))
    low, high = RANGES["percentile"](streamed(*values.split(999)), grid(percentile=99.9))
    bin_width = float(values.abs().max()) / 1024
    expected = np.percentile(values.double().numpy(), [0.1, 99.9], method="inverted_cdf")
    assert np.abs(np.array([low, high]) - expected).max() <= bin_width


def test_n_sigma_is_mean_and_deviation() -> None:
    values = torch.randn(1000, generator=torch.Generator().manual_seed(1)) + 1
    low, high = RANGES["n_sigma"](Distribution.of(values), grid(sigmas=1.5))
    mean, deviation = values.double().mean(), values.double().std(correction=0)
    assert low == pytest.approx(float(mean - 1.5 * deviation), rel=1e-12)
    assert high == pytest.approx(float(mean + 1.5 * deviation), rel=1e-12)


def test_ranges_do_not_reach_beyond_the_values() -> None:
    values = torch.rand(100, generator=torch.Generator().manual_seed(1))
    low, high = RANGES["n_sigma"](Distribution.of(values), grid(sigmas=50))
    assert (low, high) == (float(values.min()), float(values.max()))


@pytest.mark.parametrize("kind", [WeightScheme, ActivationScheme])
def test_options_are_checked(kind: type) -> None:
    with pytest.raises(UserError, match=r"percentile is 20; allowed: above 50, to 100"):
        kind(percentile=20)
    with pytest.raises(UserError, match=r"sigmas is 0; allowed: above 0"):
        kind(sigmas=0)
