"""Every type of weight: it lowers code for code, trains, and says what it refuses."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch

from bittrue.golden.errors import UserError
from bittrue.golden.quantize import ActivationScheme, Scheme, WeightScheme
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.quantized_network import lower_fake
from bittrue.golden.quantize.ranges import RANGES
from bittrue.golden.quantize.trained import LEARNED
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES
from tests.support.quantization import differing_codes, quantized, samples

SCHEMES = {
    "symmetric": WeightScheme(bits=4),
    "symmetric_tensor": WeightScheme(bits=3, granularity="tensor"),
    "symmetric_group": WeightScheme(bits=4, granularity="group", group_size=4, range="mse"),
    "symmetric_group_8": WeightScheme(granularity="group", group_size=7, group_scale_bits=6),
    "symmetric_allocated": WeightScheme(bits=4, bit_allocation="aciq"),
    "symmetric_stochastic": WeightScheme(bits=3, rounding="stochastic", seed=7),
    "asymmetric": WeightScheme(type="asymmetric", bits=4, granularity="tensor"),
    "power_of_two": WeightScheme(type="power_of_two", bits=4),
    "power_of_two_group": WeightScheme(type="power_of_two", bits=4, granularity="group"),
    "binary": WeightScheme(type="binary", bits=1),
    "binary_tensor": WeightScheme(type="binary", bits=1, granularity="tensor"),
    "ternary": WeightScheme(type="ternary", bits=2),
    "ternary_optimal": WeightScheme(type="ternary", bits=2, ternary_threshold="optimal"),
    "logarithmic": WeightScheme(type="logarithmic", bits=4),
    "logarithmic_mse": WeightScheme(type="logarithmic", bits=3, range="mse"),
    "codebook": WeightScheme(type="codebook", bits=3),
    "codebook_tensor": WeightScheme(type="codebook", bits=4, granularity="tensor"),
    "scaled_binaries": WeightScheme(type="scaled_binaries", bits=3),
    "balanced": WeightScheme(type="balanced", bits=3),
    "dorefa": WeightScheme(type="dorefa", bits=3),
    "trained_ternary": WeightScheme(type="trained_ternary", bits=2),
    "scaled_binaries_wide": WeightScheme(type="scaled_binaries", bits=2, level_bits=12),
}
RANGED = {
    f"range_{name}": WeightScheme(bits=4, range=name) for name in RANGES if name not in LEARNED
}


def with_activations(weight: WeightScheme) -> Scheme:
    return Scheme(weight, ActivationScheme("symmetric", bits=4, range="aciq"))


def check_integers(fake: FakeQuantizedNetwork) -> None:
    for layer in fake.matrices.values():
        weight = layer.weight.detach()
        assert torch.equal(layer.quantizer(weight), layer.integers().real())


@pytest.mark.parametrize("name", SCHEMES | RANGED)
def test_integers_are_the_fake_quantization(name: str) -> None:
    network = quantized(with_activations((SCHEMES | RANGED)[name]))
    assert differing_codes(network) == 0
    check_integers(network.fake)


def test_every_type_is_tested() -> None:
    assert {scheme.type for scheme in SCHEMES.values()} == set(WEIGHT_TYPES)


@pytest.mark.parametrize("name", ["symmetric", "binary", "codebook", "symmetric_group"])
def test_a_code_that_is_off_by_one_is_noticed(name: str) -> None:
    network = quantized(with_activations(SCHEMES[name]))
    first = network.fake.network.layers[0].output
    with torch.no_grad():
        weight = network.fake.matrices[first].weight
        # Another code in the integers than in the fake-quantized network that is compared.
        kept = weight.clone()
        weight[0, 0, 1, 1] += 0.5 if weight[0, 0, 1, 1] < 0 else -0.5
        broken = replace(network, graph=lower_fake(network.fake, network.scheme))
        weight.copy_(kept)
    assert differing_codes(network) == 0
    assert differing_codes(broken) > 0


@pytest.mark.parametrize("name", SCHEMES)
def test_gradients_train_the_weights(name: str) -> None:
    network = quantized(with_activations(SCHEMES[name]))
    fake = copy.deepcopy(network.fake).train()
    wanted = torch.rand(16, 5, generator=torch.Generator().manual_seed(4)) * 0.5
    optimizer = torch.optim.Adam(fake.parameters(), lr=1e-2)
    losses = []
    for _ in range(10):
        result = fake(samples(16))
        assert isinstance(result, torch.Tensor)
        loss = (result - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < 0.9 * losses[0]
    check_integers(fake)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (WeightScheme(bits=1), "weight.bits is 1 with type symmetric; allowed: 2 to 16"),
        (WeightScheme("logarithmic", 6), "weight.bits is 6 with type logarithmic; allowed: 2 to 5"),
        (WeightScheme("codebook", 9), "weight.bits is 9 with type codebook; allowed: 1 to 8"),
        (WeightScheme("binary", 1, "group"), "granularity is group with type binary"),
        (WeightScheme("codebook", 4, "group"), "granularity is group with type codebook"),
        (WeightScheme("asymmetric", 4, "group"), "granularity is group with type asymmetric"),
        (WeightScheme("logarithmic", 4, range="kl"), "range is 'kl' with type logarithmic"),
        (
            WeightScheme(bits=4, granularity="tensor", bit_allocation="aciq"),
            "bit_allocation is aciq with type symmetric and granularity tensor; allowed",
        ),
        (
            WeightScheme(bits=14, granularity="group", group_scale_bits=8),
            "weights need int22, after their levels have become integers; allowed: up to 16 bits",
        ),
    ],
)
def test_one_line_says_what_is_refused(scheme: WeightScheme, message: str) -> None:
    weight = torch.linspace(-1, 2, 12).reshape(2, 6)
    with pytest.raises(UserError) as error:
        WEIGHT_TYPES[scheme.type](weight, scheme, torch.zeros(2)).integers(weight)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (WeightScheme("trinary"), r"weight.type is 'trinary'; allowed: symmetric, asymmetric"),
        (WeightScheme(range="l2"), r"weight.range is 'l2'; allowed: min_max"),
        (WeightScheme(bits=1), r"layer '0': weight.bits is 1 with type symmetric"),
    ],
)
def test_quantize_names_the_layer_or_option(scheme: WeightScheme, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantized(with_activations(scheme))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bits": 0}, "weight.bits is 0; allowed: 1 to 16"),
        ({"bits": 17}, "weight.bits is 17; allowed: 1 to 16"),
        ({"level_bits": 3}, "weight.level_bits is 3; allowed: 4 to 16"),
        ({"group_scale_bits": 9}, "weight.group_scale_bits is 9; allowed: 1 to 8"),
        ({"bit_allocation": "hawq"}, "weight.bit_allocation is 'hawq'; allowed: equal, aciq"),
        ({"rounding": "up"}, "weight.rounding is 'up'; allowed: nearest, stochastic"),
        ({"seed": -1}, "weight.seed is -1; allowed: 0 to 4294967295"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        WeightScheme(**options)
