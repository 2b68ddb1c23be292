"""Quantization without data: ranges and synthetic inputs from batch normalization."""

import pytest
import torch
from scipy.stats import norm
from torch import nn

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize import ActivationScheme, InputRange, Scheme, quantize
from bittrue.golden.quantize.no_data import expected_distributions, statistics_error, synthesize
from tests.support.quantization import differing_codes, samples, small_network

INPUT = InputRange((2, 6, 6), -1.0, 2.0)


def network() -> FloatNetwork:
    return simplify(trace(small_network(), (torch.zeros(1, 2, 6, 6),)))


def test_ranges_are_six_deviations_cut_by_relu() -> None:
    seen = expected_distributions(network(), (INPUT,))
    module = small_network()
    for name, norm_layer in (("0", module[1]), ("3", module[4])):
        reach = (norm_layer.bias + 6 * norm_layer.weight.abs()).detach()
        assert seen[name].minimum == 0
        assert seen[name].maximum == pytest.approx(float(reach.max()), rel=1e-5)
    (source,) = network().inputs
    assert (seen[source].minimum, seen[source].maximum) == (-1, 2)


def test_means_are_those_of_the_rectified_normal() -> None:
    seen = expected_distributions(network(), (INPUT,))
    batch_norm = small_network()[1]
    mean, deviation = (
        each.detach().double().numpy() for each in (batch_norm.bias, batch_norm.weight)
    )
    ratio = mean / deviation
    expected = (mean * norm.cdf(ratio) + deviation * norm.pdf(ratio)).mean()
    assert seen["0"].mean == pytest.approx(float(expected), rel=5e-3)


def test_a_network_without_data_is_equal_in_integers() -> None:
    scheme = Scheme(activation=ActivationScheme("symmetric", bits=4, range="aciq"))
    quantized = quantize(small_network(), InputRange((2, 6, 6)), scheme)
    assert differing_codes(quantized) == 0
    with torch.no_grad():
        exact, found = small_network()(samples()), quantized.fake(samples())
    assert isinstance(found, torch.Tensor)
    assert (exact - found).square().mean() < 0.15 * exact.var()


def test_several_inputs_have_a_range_each() -> None:
    class Sum(nn.Module):
        def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return one + other

    ranges = (InputRange((3,), 0, 1), InputRange((3,), -4, 0))
    quantized = quantize(Sum(), ranges)
    first, second = (quantized.fake.activation(name).map for name in quantized.fake.network.inputs)
    assert first.scale == pytest.approx(1 / 255)
    assert second.scale == pytest.approx(4 / 255)


def test_synthetic_inputs_have_the_statistics_and_stay_in_range() -> None:
    start = INPUT.uniform(32, torch.Generator().manual_seed(7))
    made = synthesize(network(), (INPUT,), 32, seed=7)
    assert made[0].shape == (32, 2, 6, 6)
    assert made[0].min() >= -1
    assert made[0].max() <= 2
    with torch.no_grad():
        before, after = (float(statistics_error(network(), batch)) for batch in ((start,), made))
    assert after < 0.2 * before
    assert torch.equal(made[0], synthesize(network(), (INPUT,), 32, seed=7)[0])
    assert not torch.equal(made[0], synthesize(network(), (INPUT,), 32, seed=8)[0])


def test_without_batch_normalization_inputs_are_uniform() -> None:
    bare = simplify(trace(nn.Linear(4, 2), (torch.zeros(1, 4),)))
    (made,) = synthesize(bare, (InputRange((4,), 0, 1),), 100, seed=1)
    assert made.mean() == pytest.approx(0.5, abs=0.01)
    assert made.std() == pytest.approx(12**-0.5, abs=0.01)


@pytest.mark.parametrize(
    ("shape", "low", "high", "message"),
    [
        ((), 0, 1, r"shape is \(\); allowed: one size or more"),
        ((3, 0), 0, 1, r"shape is \(3, 0\); allowed"),
        ((3,), 1, 1, "low and high are 1 and 1; allowed: finite and ascending"),
        ((3,), 0, float("inf"), "low and high are 0 and inf; allowed"),
    ],
)
def test_impossible_ranges_are_refused(
    shape: tuple[int, ...], low: float, high: float, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        InputRange(shape, low, high)


def test_neither_data_nor_range_is_refused() -> None:
    with pytest.raises(UserError, match=r"calibration has a NoneType; allowed: .* InputRange"):
        quantize(small_network(), None)
