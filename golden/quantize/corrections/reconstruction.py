"""Layer-wise reconstruction.

I. Hubara, Y. Nahshan, Y. Hanani, R. Banner, D. Soudry, "Accurate Post Training Quantization With
Small Calibration Sets", ICML 2021 (AdaQuant), section 3.
"""

from collections.abc import Iterable

import torch

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.corrections.bias import reads_signs
from bittrue.golden.quantize.corrections.layer_fitting import LayerSamples, layer_samples
from bittrue.golden.quantize.fake_network import FakeQuantizedMatrix, FakeQuantizedNetwork
from bittrue.golden.quantize.scheme import CorrectionScheme


def reconstruction(
    fake: FakeQuantizedNetwork,
    reference: FloatNetwork,
    data: Iterable[Batch],
    options: CorrectionScheme,
) -> None:
    """Change weights and bias of every layer until its quantized result is the float one.

        minimize |f(W x + b) - f(quantize(W') x' + b')|**2 over W' and b'

    by Adam, with gradients straight through the quantizer, so that it serves every type of weights.
    x' is the input of the network quantized so far. Of the weights before and after, those with the
    smaller error on the samples are kept.
    """
    for layer in reference.matrices:
        if not reads_signs(layer, fake):
            samples = layer_samples(layer, fake, reference, data, options.samples)
            _reconstruct(fake.matrices[layer.output], samples, options)


@torch.enable_grad()
def _reconstruct(
    matrix: FakeQuantizedMatrix, samples: LayerSamples, options: CorrectionScheme
) -> None:
    matrix.eval()  # Batch normalization stays what it is.
    parameters = [matrix.weight, matrix.bias]
    before = [each.detach().clone() for each in parameters]
    error = samples.error(matrix.quantized(), options.batch)
    rate = options.learning_rate * float(matrix.weight.detach().abs().mean())
    optimizer = torch.optim.Adam(parameters, rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.iterations)
    for inputs, targets in samples.batches(options):
        loss = (matrix(inputs) - targets).square().sum() / len(inputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    matrix.zero_grad()
    if samples.error(matrix.quantized(), options.batch) >= error:
        with torch.no_grad():
            for parameter, kept in zip(parameters, before, strict=True):
                parameter.copy_(kept)
