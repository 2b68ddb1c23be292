"""What users can get wrong, and unusual networks, in quantization without training."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.quantize import (
    ActivationScheme,
    InputRange,
    LayerScheme,
    Scheme,
    WeightScheme,
    quantize,
)
from bittrue.golden.quantize.agreement import compare_layers
from bittrue.golden.quantize.corrections import CORRECTIONS
from bittrue.golden.quantize.ranges import RANGES
from bittrue.golden.quantize.trained import LEARNED
from tests.support.quantization import differing_codes, samples, small_network


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_not_finite_name_the_tensor(value: float) -> None:
    data = samples().clone()
    data[3, 1, 2, 2] = value
    with pytest.raises(UserError, match="has values that are not finite during calibration"):
        quantize(small_network(), data)


def test_weights_that_are_not_finite_name_the_layer() -> None:
    module = small_network()
    with torch.no_grad():
        module[3].weight[0, 0, 0, 0] = float("nan")
    for calibration in (samples(), InputRange((2, 6, 6))):
        with pytest.raises(UserError, match=r"'3' has (weights|values) that are not") as error:
            quantize(module, calibration)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (torch.zeros(0, 2, 6, 6), r"calibration has \[\(0, 2, 6, 6\)\]; allowed: one tensor"),
        ([], "calibration is empty; give at least one sample"),
        (iter([torch.zeros(1, 2, 6, 6)]), "calibration is an iterator, which can be read once"),
        ("images", "calibration has a str; allowed: tensors of real numbers"),
    ],
)
def test_calibration_that_is_none_is_refused(calibration: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantize(small_network(), calibration)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (
            Scheme(layers={"conv9": LayerScheme()}),
            "layers.conv9 names no layer; the network",
        ),
        (
            Scheme(layers={"0": LayerScheme(weight={"bit": 3})}),
            "layers.0.weight.bit does not exist; allowed: type, bits",
        ),
        (Scheme(activation=ActivationScheme(range="max")), "activation.range is 'max'; allowed"),
        (
            Scheme(layers={"0": LayerScheme(weight={"bits": 20})}),
            "layers.0.weight.bits is 20; allowed: 1 to 16",
        ),
        (
            Scheme(layers={"0": LayerScheme(weight={"bits": 2.5})}),
            "layers.0.weight.bits is 2.5; allowed: an integer",
        ),
        (
            Scheme(layers={"0": LayerScheme(activation={"percentile": "all"})}),
            "layers.0.activation.percentile is 'all'; allowed: a number",
        ),
        (
            Scheme(layers={"3": LayerScheme(input={"type": ["binary"]})}),
            r"layers.3.input.type is \['binary'\]; allowed: asymmetric, symmetric",
        ),
    ],
)
def test_names_and_bits_that_do_not_exist_are_refused(scheme: Scheme, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantize(small_network(), samples(), scheme)


def dead_channels() -> nn.Sequential:
    """Return a network with a channel that is always zero, and one that nothing reads."""
    module = small_network()
    with torch.no_grad():
        module[1].weight[0] = 0
        module[1].bias[0] = -1
        module[3].weight[:, 2] = 0
        module[3].weight[1] = 0
    return module


@pytest.mark.parametrize("range", [name for name in RANGES if name not in LEARNED])
def test_dead_channels_are_quantized_with_every_range(range: str) -> None:
    scheme = Scheme(WeightScheme(bits=4, range=range), ActivationScheme(bits=4, range=range))
    assert differing_codes(quantize(dead_channels(), samples(), scheme)) == 0


@pytest.mark.parametrize("type", ["binary", "ternary", "codebook", "logarithmic", "power_of_two"])
def test_dead_channels_are_quantized_with_every_type(type: str) -> None:
    scheme = Scheme(WeightScheme(type, bits=4))
    assert differing_codes(quantize(dead_channels(), samples(), scheme)) == 0


def test_dead_channels_pass_every_correction() -> None:
    scheme = Scheme(WeightScheme(bits=4), corrections=CORRECTIONS)
    network = quantize(dead_channels(), InputRange((2, 6, 6)), scheme)
    assert differing_codes(network) == 0
    for layer in network.fake.matrices.values():
        assert layer.weight.isfinite().all()
        assert layer.bias.isfinite().all()


class Batches:
    """A data set that notices how many of its batches are alive at once."""

    def __init__(self, number: int) -> None:
        self.number, self.read = number, 0

    def __iter__(self) -> Iterator[Tensor]:
        for seed in range(self.number):
            self.read += 1
            yield samples(4, seed)


def test_calibration_reads_batches_one_after_the_other() -> None:
    data = Batches(10)
    parts = quantize(small_network(), data, Scheme(corrections=("bias_correction",)))
    assert data.read >= 10 * 4  # Once for the ranges, and once for each layer.
    whole = quantize(
        small_network(),
        torch.cat([samples(4, seed) for seed in range(10)]),
        Scheme(corrections=("bias_correction",)),
    )
    for name, layer in whole.fake.matrices.items():
        torch.testing.assert_close(layer.bias, parts.fake.matrices[name].bias, rtol=0, atol=1e-5)


def test_a_layer_without_weights_is_its_bias() -> None:
    module = small_network()
    with torch.no_grad():
        module[7].weight.zero_()
        module[7].bias.copy_(torch.tensor([0.1, -0.3, 0.25, 0.0, -0.01]))
    quantized = quantize(module, samples())
    assert differing_codes(quantized) == 0
    codes = Executor(quantized.graph).run(to_codes(quantized.graph, samples()))
    (output,) = quantized.graph.outputs
    step = float(quantized.graph.quantization[output].scale)
    error = to_real(quantized.graph, output, codes[output]) - module[7].bias.detach()
    assert error.abs().max() <= 0.501 * step


@pytest.mark.parametrize("requantization", ["exact", "single_half_even"])
@pytest.mark.parametrize("bits", [8, 16])
def test_steps_too_fine_for_a_multiplier_differ_at_ties_alone(
    bits: int, requantization: str
) -> None:
    module = small_network()
    with torch.no_grad():
        module[3].weight[1] *= 2.0**12  # Beside channels of much finer steps.
    activation = ActivationScheme(bits=bits)
    scheme = Scheme(WeightScheme(bits=16), activation, requantization=requantization)
    quantized = quantize(module, samples(), scheme)
    for layer in compare_layers(quantized.fake, quantized.graph, samples()):
        assert layer.largest <= 1
        assert layer.farthest_from_tie < 1e-3


@pytest.mark.parametrize(("size", "padding"), [(1, 0), (3, 1)])
def test_binary_codes_have_no_zeros_between_pixels(size: int, padding: int) -> None:
    """With a window of one pixel nothing is padded, and the zeros between pixels are left."""
    transposed = nn.ConvTranspose2d(3, 2, size, stride=2, padding=padding)
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), transposed)
    scheme = Scheme(activation=ActivationScheme(type="binary", bits=1))
    with pytest.raises(UserError, match="'2' reads binary codes, which have no zero to set betw"):
        quantize(module, samples(), scheme)
    assert quantize(module, samples()).graph
