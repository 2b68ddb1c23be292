"""Corrections without training: each against a closed form, and all of them in integers."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import ChannelStatistics, Matrix
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize import (
    ActivationScheme,
    CorrectionScheme,
    InputRange,
    QuantizedNetwork,
    Scheme,
    TrainingScheme,
    WeightScheme,
    quantize,
)
from bittrue.golden.quantize.corrections import CORRECTIONS, check_corrections
from bittrue.golden.quantize.corrections.bias import clipped_normal_mean
from bittrue.golden.quantize.corrections.clamping import clamped
from bittrue.golden.quantize.corrections.equalization import (
    bias_absorption,
    cross_layer_equalization,
)
from tests.support.quantization import differing_codes, quantized, samples, small_network

FEW = CorrectionScheme(iterations=60, samples=64)


def traced(module: nn.Module, *shape: int) -> FloatNetwork:
    return simplify(trace(module, (torch.zeros(2, *shape),)))


def in_double(network: FloatNetwork) -> FloatNetwork:
    layers = tuple(
        replace(layer, weight=layer.weight.double(), bias=layer.bias.double())
        if isinstance(layer, Matrix)
        else layer
        for layer in network.layers
    )
    return replace(network, layers=layers)


def output(network: FloatNetwork, values: Tensor) -> Tensor:
    return dict(network.run(values))[network.outputs[0]]


def matrices(network: FloatNetwork) -> list[Matrix]:
    return [layer for layer in network.layers if isinstance(layer, Matrix)]


CHAINS = {
    "flatten": lambda: nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 4)
    ),
    "depthwise": lambda: nn.Sequential(
        nn.Conv2d(2, 6, 1), nn.ReLU(), nn.Conv2d(6, 6, 3, groups=6), nn.Conv2d(6, 3, 1)
    ),
    "grouped": lambda: nn.Sequential(
        nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Conv2d(6, 8, 3, groups=2, padding=1), nn.ReLU()
    ),
    "mean": lambda: nn.Sequential(
        nn.Conv2d(2, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_equalization_keeps_the_function_and_evens_the_ranges(name: str) -> None:
    torch.manual_seed(1)
    network = in_double(traced(CHAINS[name](), 2, 6, 6))
    first = matrices(network)[0]
    spread = torch.logspace(-2, 2, len(first.bias)).double()
    network = replace(
        network,
        layers=(
            replace(first, weight=first.weight * spread.reshape(-1, 1, 1, 1)),
            *network.layers[1:],
        ),
    )
    equalized = cross_layer_equalization(network)
    inputs = torch.randn(8, 2, 6, 6, dtype=torch.float64)
    # Only the rounding of float64 differs.
    torch.testing.assert_close(
        output(equalized, inputs), output(network, inputs), rtol=1e-12, atol=1e-10
    )
    before, after = (
        matrices(each)[0].weight.flatten(1).abs().amax(1) for each in (network, equalized)
    )
    assert before.max() / before.min() > 1000
    # The square root of the spread is left in each of the two layers.
    assert after.max() / after.min() < (before.max() / before.min()) ** 0.6


def test_equalization_is_the_papers_formula() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[16.0, -8.0], [0.5, 0.25]]))
        module[0].bias.copy_(torch.tensor([1.0, 1.0]))
        module[2].weight.copy_(torch.tensor([[1.0, -8.0], [0.5, 2.0]]))
    network = traced(module, 2)
    first, second = matrices(cross_layer_equalization(network))
    # Ranges 16 and 1, 1/2 and 8: factors sqrt(16 * 1) / 1 = 4 and sqrt(1/2 * 8) / 8 = 1/4.
    assert first.weight.tolist() == [[4.0, -2.0], [2.0, 1.0]]
    assert first.bias.tolist() == [0.25, 4.0]
    assert second.weight.tolist() == [[4.0, -2.0], [2.0, 0.5]]


def test_factors_that_are_powers_of_two_change_no_bit_of_the_outputs() -> None:
    torch.manual_seed(2)
    module = nn.Sequential(nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3))
    powers = 4.0 ** torch.arange(-3, 3)
    with torch.no_grad():
        rows = module[0].weight.flatten(1).abs().amax(1)
        module[0].weight.mul_((powers * 2.0**-4 / rows).reshape(-1, 1, 1, 1))
        columns = module[2].weight.abs().amax(dim=(0, 2, 3))
        module[2].weight.div_(columns.reshape(1, -1, 1, 1))
        # Rows and columns have one largest magnitude, exactly a power of four apart.
        for channel, power in enumerate(powers):
            flat = module[0].weight[channel].reshape(-1)
            flat[flat.abs().argmax()] = power * 2.0**-4
            column = module[2].weight[:, channel]
            column[column.abs() == column.abs().amax()] = 1.0
    network = traced(module, 2, 6, 6)
    equalized = cross_layer_equalization(network)
    changed = matrices(equalized)[0].weight / matrices(network)[0].weight
    assert not torch.equal(changed, torch.ones_like(changed))
    inputs = torch.randn(16, 2, 6, 6)
    assert torch.equal(output(equalized, inputs), output(network, inputs))


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(2, 3), nn.ReLU6(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 2)),
    ],
)
def test_layers_that_do_not_scale_are_left_alone(module: nn.Module) -> None:
    network = traced(module, 2)
    for one, other in zip(
        matrices(network), matrices(cross_layer_equalization(network)), strict=True
    ):
        assert torch.equal(one.weight, other.weight)


def test_absorption_keeps_the_function_where_relu_never_cuts() -> None:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, 3))
    network = in_double(traced(module, 2, 6, 6))
    first, *others = network.layers
    assert isinstance(first, Matrix)
    # Results within 0.5 of means 10, 2 and 0; only the first two are above three deviations.
    first = replace(
        first,
        weight=first.weight * 0.1,
        bias=torch.tensor([10.0, 2.0, 0.0]).double(),
        statistics=ChannelStatistics(torch.tensor([10.0, 2.0, 0.0]), torch.full((3,), 0.5)),
    )
    network = replace(network, layers=(first, *others))
    absorbed = bias_absorption(network)
    changed = matrices(absorbed)[0]
    assert changed.bias.tolist() == [1.5, 1.5, 0.0]
    assert changed.statistics is not None
    assert changed.statistics.mean.tolist() == [1.5, 1.5, 0.0]
    inputs = torch.rand(8, 2, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(
        output(absorbed, inputs), output(network, inputs), rtol=1e-12, atol=1e-12
    )


def test_absorption_leaves_padded_layers_alone() -> None:
    network = traced(small_network(), 2, 6, 6)
    padded = nn.Sequential(*small_network()[:3], nn.Conv2d(4, 4, 3, padding=1))
    statistics = ChannelStatistics(torch.full((4,), 9.0), torch.ones(4))

    def high(network: FloatNetwork) -> FloatNetwork:
        first, *others = network.layers
        assert isinstance(first, Matrix)
        return replace(network, layers=(replace(first, statistics=statistics), *others))

    pooled = nn.Sequential(*small_network()[:3], nn.AvgPool2d(3, 1, padding=1), nn.Conv2d(4, 4, 3))
    zeros_averaged = high(traced(pooled.eval(), 2, 6, 6))
    unpadded, with_padding = high(network), high(traced(padded.eval(), 2, 6, 6))
    bias = matrices(unpadded)[0].bias
    assert torch.allclose(matrices(bias_absorption(unpadded))[0].bias, bias - 6)
    assert torch.equal(matrices(bias_absorption(with_padding))[0].bias, bias)
    assert torch.equal(matrices(bias_absorption(zeros_averaged))[0].bias, bias)


@pytest.mark.parametrize(("low", "high"), [(0, np.inf), (-np.inf, np.inf), (-1, 0.5), (2, 6)])
@pytest.mark.parametrize(("mean", "deviation"), [(0.3, 1.0), (-2.0, 0.5), (1.0, 0.0)])
def test_mean_of_a_clipped_normal_is_the_integral(
    mean: float, deviation: float, low: float, high: float
) -> None:
    found = float(clipped_normal_mean(torch.tensor(mean), torch.tensor(deviation), low, high))
    expected = float(np.clip(mean, low, high))
    if deviation:
        density = norm(mean, deviation).pdf
        edges = [mean - 9 * deviation, *sorted({low, high, mean}), mean + 9 * deviation]
        edges = sorted(min(max(edge, edges[0]), edges[-1]) for edge in edges)
        expected = sum(
            quad(lambda x: np.clip(x, low, high) * density(x), a, b)[0]
            for a, b in itertools.pairwise(edges)
        )
    assert found == pytest.approx(expected, abs=1e-6)


def test_clamping_is_numpys_clip() -> None:
    weight = torch.randn(3, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    rows = weight.double().numpy().reshape(3, -1)
    mean, reach = rows.mean(1, keepdims=True), 1.5 * rows.std(1, keepdims=True)
    expected = np.clip(rows, mean - reach, mean + reach)
    np.testing.assert_allclose(clamped(weight, 1.5).numpy().reshape(3, -1), expected, rtol=1e-5)
    assert not torch.equal(clamped(weight, 1.5), weight)


def with_corrections(*names: str, bits: int = 3, **options: object) -> Scheme:
    return Scheme(
        WeightScheme(bits=bits, range="mse"),
        ActivationScheme("symmetric", bits=bits, range="mse"),
        corrections=names,
        correction=FEW,
        **options,
    )


def layer_means(network: QuantizedNetwork, name: str) -> tuple[Tensor, Tensor]:
    """Return a layer's mean results before its activation, in floating point and quantized."""
    reference = {layer.output: layer for layer in matrices(network.precision.network)}[name]
    fake = network.fake.matrices[name].quantized()
    exact = dict(network.precision.network.run(samples()))[reference.inputs[0]]
    seen = dict(network.fake.run(samples()))[reference.inputs[0]]
    dimensions = (0, 2, 3) if reference.weight.ndim == 4 else (0,)
    with torch.no_grad():
        return (
            reference.unclamped(exact).mean(dimensions),
            fake.unclamped(seen).mean(dimensions),
        )


def test_bias_correction_restores_the_means_of_every_layer() -> None:
    plain, corrected = quantized(with_corrections()), quantized(with_corrections("bias_correction"))
    for name in plain.fake.matrices:
        exact, before = layer_means(plain, name)
        assert (exact - before).abs().max() > 1e-3  # There is something to correct.
        exact, after = layer_means(corrected, name)
        assert (exact - after).abs().max() < 1e-5


def test_analytic_bias_correction_uses_the_rectified_normal() -> None:
    network = small_network()
    plain = quantized(with_corrections())
    corrected = quantized(with_corrections("bias_correction_analytic"))
    first, second, _ = plain.fake.matrices
    mean, deviation = (
        each.detach().double().numpy() for each in (network[1].bias, network[1].weight)
    )
    ratio = mean / deviation
    expected_input = torch.from_numpy(mean * norm.cdf(ratio) + deviation * norm.pdf(ratio))
    layer = plain.fake.matrices[second]
    change = (layer.quantizer(layer.weight) - layer.weight).detach().double().sum(dim=(2, 3))
    shift = corrected.fake.matrices[second].bias - layer.bias
    torch.testing.assert_close(
        shift.detach().double(), -(change @ expected_input), rtol=1e-4, atol=1e-6
    )
    # Nothing is known of what the first layer reads.
    assert torch.equal(corrected.fake.matrices[first].bias, plain.fake.matrices[first].bias)


def test_analytic_bias_correction_needs_batch_normalization() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))
    with pytest.raises(UserError, match="use bias_correction, which measures"):
        quantize(module, torch.rand(4, 3), with_corrections("bias_correction_analytic"))


def squared_error(network: QuantizedNetwork, name: str) -> float:
    """Return the error of a layer's result, of the inputs that the quantized network gives it."""
    reference = {layer.output: layer for layer in matrices(network.precision.network)}[name]
    exact = dict(network.precision.network.run(samples()))[name]
    with torch.no_grad():
        seen = dict(network.fake.run(samples()))[reference.inputs[0]]
        return float((network.fake.matrices[name].quantized().compute(seen) - exact).square().sum())


def test_adaround_rounds_up_or_down_and_lowers_the_error() -> None:
    plain = quantized(with_corrections())
    longer = CorrectionScheme(iterations=300)
    adapted = quantized(replace(with_corrections("adaround"), correction=longer))
    first = next(iter(plain.fake.matrices))
    for name, layer in adapted.fake.matrices.items():
        scale = layer.quantizer.get_buffer("scale").reshape(-1, *[1] * (layer.weight.ndim - 1))
        steps = plain.fake.matrices[name].weight / scale
        codes = torch.from_numpy(layer.integers().codes)
        down = steps.floor().clamp(-3, 3)
        up = (steps.floor() + 1).clamp(-3, 3)
        assert ((codes == down) | (codes == up)).all()
        assert (codes != steps.round().clamp(-3, 3)).any()
    assert squared_error(adapted, first) < 0.98 * squared_error(plain, first)


def test_adaround_comes_near_the_best_of_all_roundings() -> None:
    torch.manual_seed(5)
    module = nn.Linear(6, 1)
    # Inputs that go together, so that errors of one weight can make up for another's.
    data = 10 * (torch.rand(64, 1) + 0.1 * torch.randn(64, 6))
    scheme = Scheme(WeightScheme(bits=3), corrections=("adaround",))
    plain = quantize(module, data, replace(scheme, corrections=()))
    adapted = quantize(module, data, scheme)
    (name,) = plain.fake.matrices
    layer = plain.fake.matrices[name]
    scale = layer.quantizer.get_buffer("scale")
    down = (layer.weight.detach() / scale).floor()
    inputs = dict(plain.fake.run(data))[plain.fake.network.inputs[0]]
    target = module(data).detach()

    def error(codes: Tensor) -> float:
        result = inputs @ (codes.clamp(-3, 3) * scale).T + layer.bias.detach()
        return float((result - target).square().sum())

    errors = [
        error(down + torch.tensor(up)[None]) for up in itertools.product((0.0, 1.0), repeat=6)
    ]
    nearest = error(torch.from_numpy(layer.integers().codes).float())
    found = error(torch.from_numpy(adapted.fake.matrices[name].integers().codes).float())
    assert found < 0.1 * nearest
    assert found <= sorted(errors)[len(errors) // 8]


@pytest.mark.parametrize(
    "weight",
    [
        WeightScheme(bits=2),
        WeightScheme("ternary"),
        WeightScheme("binary"),
        WeightScheme("codebook", 2),
        WeightScheme(bits=3, granularity="group", group_size=4),
    ],
)
def test_reconstruction_lowers_the_error_of_every_type(weight: WeightScheme) -> None:
    plain = Scheme(weight, correction=replace(FEW, iterations=100))
    corrected = replace(plain, corrections=("reconstruction",))
    before, after = (
        sum(squared_error(quantized(scheme), name) for name in quantized(scheme).fake.matrices)
        for scheme in (plain, corrected)
    )
    assert after < 0.97 * before
    assert differing_codes(quantized(corrected)) == 0


@pytest.mark.parametrize("name", CORRECTIONS)
def test_corrected_networks_are_equal_in_integers(name: str) -> None:
    assert differing_codes(quantized(with_corrections(name))) == 0


def test_corrections_read_data_in_batches_of_any_size() -> None:
    scheme = with_corrections("bias_correction")
    whole = quantize(small_network(), samples(), scheme)
    parts = quantize(small_network(), list(samples().split(7)), scheme)
    for name, layer in whole.fake.matrices.items():
        torch.testing.assert_close(layer.bias, parts.fake.matrices[name].bias, rtol=0, atol=1e-5)


def test_corrections_without_data_use_synthetic_samples() -> None:
    scheme = with_corrections("bias_correction", "adaround", "reconstruction")
    network = quantize(small_network(), InputRange((2, 6, 6)), scheme)
    again = quantize(small_network(), InputRange((2, 6, 6)), scheme)
    assert differing_codes(network) == 0
    for name, layer in network.fake.matrices.items():
        assert torch.equal(layer.weight, again.fake.matrices[name].weight)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (Scheme(corrections=("cle",)), "corrections has 'cle'; allowed: cross_layer_equalization"),
        (
            Scheme(corrections=("adaround",), training=TrainingScheme()),
            "corrections has 'adaround' and the scheme a training",
        ),
    ],
)
def test_one_line_says_which_correction_cannot_be(scheme: Scheme, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_corrections(scheme)


def test_adaround_needs_equal_steps() -> None:
    with pytest.raises(UserError, match="drop it, or use reconstruction"):
        quantized(Scheme(WeightScheme("ternary"), corrections=("adaround",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "correction.samples is 0; allowed: 1 to"),
        ({"iterations": 0}, "correction.iterations is 0; allowed: 1 to"),
        ({"sigmas": 0.0}, "correction.sigmas is 0.0; allowed: above 0"),
        ({"seed": -1}, "correction.seed is -1; allowed: 0 to"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        CorrectionScheme(**options)
