"""Quantizers of weights against closed forms, exhaustive search and exact arithmetic."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from bittrue.golden.quantize import WeightScheme
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES
from bittrue.golden.quantize.weight_types.bit_allocation import allocate_bits

TINY = 1e-30


def weights(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def quantizer(weight: Tensor, scheme: WeightScheme, smallest: float = TINY) -> WeightQuantizer:
    return WEIGHT_TYPES[scheme.type](weight, scheme, torch.full((len(weight),), smallest))


def squared_error(weight: Tensor, scheme: WeightScheme) -> float:
    real = quantizer(weight, scheme).integers(weight).real(torch.float64)
    return float((weight.double() - real).square().sum())


def test_binary_scale_is_the_mean_magnitude() -> None:
    weight = torch.tensor([[0.5, -1.5, 1.0, 0.0], [-2.0, -2.0, -2.0, 4.0]])
    integers = quantizer(weight, WeightScheme("binary", 1)).integers(weight)
    assert integers.values.tolist() == [[1, -1, 1, 1], [-1, -1, -1, 1]]
    assert integers.scale.tolist() == [0.75, 2.5]
    assert str(integers.type) == "uint1"
    tensor = quantizer(weight, WeightScheme("binary", 1, "tensor")).integers(weight)
    assert tensor.scale.tolist() == [1.625, 1.625]


def test_binary_gradient_is_xnor_nets() -> None:
    weight = torch.tensor([[0.5, -1.5, 1.0, -0.25]], requires_grad=True)
    received = torch.tensor([[1.0, 2.0, -3.0, 5.0]])
    quantizer(weight.detach(), WeightScheme("binary", 1))(weight).backward(received)
    scale, signs = 3.25 / 4, torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    inside = torch.tensor([[1.0, 0.0, 1.0, 1.0]])
    expected = received * inside * scale + (received * signs).sum() * signs / 4
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, expected, rtol=0, atol=1e-6)


def test_ternary_follows_the_papers_rule() -> None:
    weight = torch.tensor([[1.0, -0.5, 0.25, -0.25, 3.0]])  # Mean 1, so the threshold is 0.7.
    integers = quantizer(weight, WeightScheme("ternary", 2)).integers(weight)
    assert integers.values.tolist() == [[1, 0, 0, 0, 1]]
    assert integers.scale.tolist() == [2.0]


@pytest.mark.parametrize("seed", range(5))
def test_optimal_ternary_is_the_best_of_all_choices(seed: int) -> None:
    weight = weights(1, 7, seed=seed)
    best = min(
        _least_squares_error(weight[0].double(), torch.tensor(codes).double())
        for codes in itertools.product((-1, 0, 1), repeat=7)
        if any(codes)
    )
    scheme = WeightScheme("ternary", 2, ternary_threshold="optimal")
    assert squared_error(weight, scheme) == pytest.approx(best, rel=1e-6)
    assert squared_error(weight, WeightScheme("ternary", 2)) >= best * (1 - 1e-6)


def _least_squares_error(values: Tensor, codes: Tensor) -> float:
    scale = (values @ codes) / (codes @ codes)
    return float((values - scale * codes).square().sum())


def test_logarithmic_levels_are_powers_of_two() -> None:
    weight = torch.tensor([[1.0, -0.5, 0.74, 0.76, 0.015625, 0.007, 0.0]])
    integers = quantizer(weight, WeightScheme("logarithmic", 4)).integers(weight)
    # 1 is level 2**6; 0.75 is the middle between 1/2 and 1.
    assert integers.values.tolist() == [[64, -32, 32, 64, 1, 0, 0]]
    assert integers.scale.tolist() == [1 / 64]
    assert integers.bits == 4


def test_logarithmic_search_never_does_worse() -> None:
    weight = weights(4, 50)
    searched = squared_error(weight, WeightScheme("logarithmic", 3, range="mse"))
    assert searched < squared_error(weight, WeightScheme("logarithmic", 3))


def test_codebook_finds_the_clusters() -> None:
    centers = torch.tensor([-127.0, -20.0, 3.0, 90.0])
    weight = (centers.repeat(5) + weights(20) * 0.001)[None]
    integers = quantizer(weight, WeightScheme("codebook", 2, "tensor")).integers(weight)
    assert integers.values.tolist() == [[-127, -20, 3, 90] * 5]
    assert integers.scale[0] == pytest.approx(1.0, rel=1e-4)
    assert integers.bits == 2


def test_codebook_is_a_fixed_point_of_k_means() -> None:
    weight = weights(1, 200)
    scheme = WeightScheme("codebook", 3, level_bits=16)
    real = quantizer(weight, scheme).integers(weight).real(torch.float64)[0]
    for level in real.unique():
        members = weight[0].double()[real == level]
        assert float(members.mean()) == pytest.approx(float(level), abs=1e-3)


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_scaled_binaries_recover_what_they_can_represent(terms: int) -> None:
    alphas = torch.tensor([9.0, 4.0, 1.0])[:terms]
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=terms)))
    weight = (signs @ alphas).repeat(6)[None]
    scheme = WeightScheme("scaled_binaries", terms, level_bits=16)
    assert squared_error(weight, scheme) / float(weight.square().sum()) < 1e-8


def test_one_scaled_binary_is_xnor_net() -> None:
    weight = weights(3, 20)
    scheme = WeightScheme("scaled_binaries", 1, level_bits=16)
    binary = squared_error(weight, WeightScheme("binary", 1))
    assert squared_error(weight, scheme) == pytest.approx(binary, rel=1e-4)


def test_refined_scaled_binaries_beat_the_greedy_ones() -> None:
    weight = weights(1, 400)
    remainder = weight[0].double()
    for _ in range(3):
        remainder = remainder - remainder.abs().mean() * remainder.sign()
    greedy = float(remainder.square().sum())
    assert squared_error(weight, WeightScheme("scaled_binaries", 3, level_bits=16)) < 0.95 * greedy


def test_group_scales_are_integers_times_the_channels() -> None:
    weight = torch.tensor([[7.0, -3.0, 0.7, 0.1, 1.4, -1.4, 0.0, 0.0]])
    scheme = WeightScheme(bits=4, granularity="group", group_size=2, group_scale_bits=4)
    integers = quantizer(weight, scheme).integers(weight)
    # Group scales 1, 0.1, 0.2, 0 in units of 1/15: 15, 2 (1.5 to even), 3, 1 (the least).
    assert integers.scale[0] == pytest.approx(1 / 15)
    assert integers.values.tolist() == [[7 * 15, -3 * 15, 5 * 2, 1 * 2, 7 * 3, -7 * 3, 0, 0]]
    assert integers.bits == 4 + 4 / 2


def test_one_group_is_the_channel() -> None:
    weight = weights(3, 12)
    grouped = WeightScheme(bits=4, granularity="group", group_size=12)
    assert squared_error(weight, grouped) == pytest.approx(
        squared_error(weight, WeightScheme(bits=4)), rel=1e-4
    )


def test_groups_help_where_magnitudes_differ() -> None:
    weight = weights(2, 32) * torch.cat([torch.ones(16), torch.full((16,), 0.05)])
    grouped = WeightScheme(bits=4, granularity="group", group_size=16)
    assert (
        squared_error(weight[:, 16:], WeightScheme(bits=4)) > 0
    )  # The comparison means something.
    assert squared_error(weight, grouped) < squared_error(weight, WeightScheme(bits=4))


def test_powers_of_two_stay_such_when_the_bias_asks_for_more() -> None:
    weight = weights(2, 9)
    for scheme in (
        WeightScheme("power_of_two", 4),
        WeightScheme("power_of_two", 4, "group", group_size=3),
    ):
        for smallest in (TINY, 0.3, 0.5):
            scale = quantizer(weight, scheme, smallest).integers(weight).scale
            assert (np.frexp(scale)[0] == 0.5).all()
            assert (scale >= np.float32(smallest)).all()


def test_bits_follow_two_thirds_of_the_logarithm() -> None:
    # Ranges 8 times apart: two bits apart. The mean of 2, 4 and 6 bits is 4.
    assert allocate_bits(np.array([1.0, 8.0, 64.0]), 4).tolist() == [2, 4, 6]
    assert allocate_bits(np.full(5, 3.0), 4).tolist() == [4] * 5
    assert allocate_bits(np.array([0.0, 1.0]), 3).tolist() == [2, 4]


def test_bits_are_the_rounded_closed_form() -> None:
    ranges = np.exp(np.random.default_rng(1).normal(size=64))
    bits = allocate_bits(ranges, 6)
    assert bits.mean() == 6
    # Banner et al.: 2**bits is proportional to ranges**(2/3), rounded here to whole bits.
    level = bits - 2 / 3 * np.log2(ranges)
    assert level.max() - level.min() <= 1


def test_allocated_bits_are_stored() -> None:
    weight = weights(8, 40) * torch.logspace(-2, 0, 8)[:, None]
    integers = quantizer(weight, WeightScheme(bits=5, bit_allocation="aciq")).integers(weight)
    assert integers.bits == 5
    widest = np.abs(integers.codes).max(axis=1)
    assert widest[0] < widest[-1] == integers.type.maximum


def test_stochastic_rounding_keeps_the_mean_and_repeats() -> None:
    weight = torch.full((1, 10_000), 0.3)
    weight[0, 0] = 7.0
    scheme = WeightScheme(bits=4, rounding="stochastic", seed=3)
    values = quantizer(weight, scheme).integers(weight).values[0, 1:]
    assert set(values.tolist()) == {0, 1}
    # Four standard deviations of the mean of 9,999 coins.
    assert abs(values.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 9999)
    again = quantizer(weight, scheme).integers(weight).values[0, 1:]
    other = WeightScheme(bits=4, rounding="stochastic", seed=4)
    assert np.array_equal(values, again)
    assert not np.array_equal(values, quantizer(weight, other).integers(weight).values[0, 1:])
