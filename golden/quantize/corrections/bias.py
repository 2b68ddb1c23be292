"""Bias correction: the mean that quantization shifts, taken back.

M. Nagel, M. van Baalen, T. Blankevoort, M. Welling, "Data-Free Quantization Through Weight
Equalization and Bias Correction", ICCV 2019, section 4.2 and appendix D.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.quantize.activation_quantizer import BinaryActivation
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.corrections.channels import channel_mean
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork


def bias_correction(
    fake: FakeQuantizedNetwork, reference: FloatNetwork, data: Iterable[Batch]
) -> None:
    """Shift every channel's result, before its activation, to its mean in floating point.

        bias += mean(float result) - mean(quantized result)

    layer by layer, with all layers before it quantized and corrected, over all the data. It holds
    one batch at a time. Layers that read binary codes stay, since these replace their values.
    """
    for layer in reference.matrices:
        if not reads_signs(layer, fake):
            shift, samples = torch.zeros(len(layer.bias), dtype=torch.float64), 0
            for batch in data:
                shift += len(batch[0]) * _mean_difference(layer, fake, reference, batch)
                samples += len(batch[0])
            fake.matrices[layer.output].shift(shift / samples)


def reads_signs(layer: Matrix, fake: FakeQuantizedNetwork) -> bool:
    """Return whether a layer's input is binary."""
    return isinstance(fake.activation(layer.inputs[0]), BinaryActivation)


@torch.no_grad()
def _mean_difference(
    layer: Matrix, fake: FakeQuantizedNetwork, reference: FloatNetwork, batch: Batch
) -> Tensor:
    (name,) = layer.inputs
    exact = layer.unclamped(tensor_of(reference, name, batch))
    quantized = fake.matrices[layer.output].quantized().unclamped(tensor_of(fake, name, batch))
    return channel_mean(exact, layer) - channel_mean(quantized, layer)


def tensor_of(network: FloatNetwork | FakeQuantizedNetwork, name: str, batch: Batch) -> Tensor:
    """Return one tensor of a network, computing nothing behind it."""
    with torch.no_grad():
        return next(values for each, values in network.run(*batch) if each == name)


def bias_correction_analytic(fake: FakeQuantizedNetwork, reference: FloatNetwork) -> None:
    """Take back the mean of what changed weights make of the expected input, without data.

        bias -= (quantized weight - weight) E[input]

    with the expectation from the statistics of the batch normalization before the layer, cut by its
    ReLU. Only layers with such an input are changed, and borders count as the middle.

    Raises
    ------
    UserError
        If there is no such layer.
    """
    means = expected_means(reference)
    layers = [
        layer
        for layer in reference.matrices
        if layer.inputs[0] in means and not reads_signs(layer, fake)
    ]
    if not layers:
        raise UserError(
            "corrections has bias_correction_analytic, and no layer with weights reads from one "
            "with batch normalization; use bias_correction, which measures"
        )
    for layer in layers:
        matrix = fake.matrices[layer.output]
        change = matrix.quantized().weight - layer.weight
        matrix.shift(-layer.response_to(change, means[layer.inputs[0]]))


def expected_means(network: FloatNetwork) -> dict[str, Tensor]:
    """Return the expected value of each channel of the tensors for which it is known."""
    means: dict[str, Tensor] = {}
    for layer in network.layers:
        if isinstance(layer, Matrix) and layer.statistics is not None:
            statistics = layer.statistics
            means[layer.output] = clipped_normal_mean(
                statistics.mean, statistics.deviation, *layer.clamp
            )
        elif layer.inputs[0] in means and layer.keeps_means:
            means[layer.output] = means[layer.inputs[0]]
    return means


def clipped_normal_mean(mean: Tensor, deviation: Tensor, low: float, high: float) -> Tensor:
    """Return the mean of a normal distribution whose tails are clipped to two limits.

        E = deviation (pdf(a) - pdf(b)) + mean (cdf(b) - cdf(a)) + low cdf(a) + high (1 - cdf(b))

    with a and b the limits in standard deviations from the mean (equation 39 of the appendix). Of
    deviation zero, the clipped mean.
    """
    mean, deviation = mean.double(), deviation.double()
    spread = deviation.clamp(min=torch.finfo(torch.float64).tiny)
    a, b = (low - mean) / spread, (high - mean) / spread
    below, above = torch.special.ndtr(a), torch.special.ndtr(-b)
    expected = deviation * (_density(a) - _density(b)) + mean * (1 - below - above)
    if math.isfinite(low):
        expected = expected + low * below
    if math.isfinite(high):
        expected = expected + high * above
    return expected.to(torch.float32)


def _density(values: Tensor) -> Tensor:
    return torch.exp(-values.square() / 2) / math.sqrt(2 * math.pi)
