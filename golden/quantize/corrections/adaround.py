"""Adaptive rounding.

M. Nagel, R. Amjad, M. van Baalen, C. Louizos, T. Blankevoort, "Up or Down? Adaptive Rounding for
Post-Training Quantization", ICML 2020.
"""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.corrections.bias import reads_signs
from bittrue.golden.quantize.corrections.layer_fitting import LayerSamples, layer_samples
from bittrue.golden.quantize.fake_network import FakeQuantizedMatrix, FakeQuantizedNetwork
from bittrue.golden.quantize.scheme import CorrectionScheme
from bittrue.golden.quantize.weight_quantizer import per_row
from bittrue.golden.quantize.weight_types.uniform import UniformWeight

_STRETCH = (-0.1, 1.1)
"""What the sigmoid is stretched to before it is cut to 0 to 1 (section 4.1)."""

_LEARNING_RATE = 1e-2
_REGULARIZATION = 1e-2
_BETA = (20.0, 2.0)
"""Exponent of the regularization, from the end of the warm-up to the end."""

_WARM_UP = 0.2
"""Share of the iterations without regularization."""


def adaround(
    fake: FakeQuantizedNetwork,
    reference: FloatNetwork,
    data: Iterable[Batch],
    options: CorrectionScheme,
) -> None:
    """Decide for every weight whether it is rounded up or down, layer by layer.

        minimize |f(W x) - f(W' x')|**2 + lambda sum (1 - |2 h(V) - 1|**beta)
        W' = scale * clamp(floor(W / scale) + h(V))
        h(V) = clamp(1.2 sigmoid(V) - 0.1, 0, 1)

    with x the float input and x' the quantized one, f the activation, lambda 0.01, and beta falling
    from 20 to 2 after a fifth of the iterations, which drives every h to 0 or 1 (equations 21 to
    25). Adam with rate 0.01. Layers of other types than symmetric, asymmetric and power_of_two,
    or rounded stochastically, stay as they are. The rounding that was nearest is kept where it has
    the smaller error on the samples.

    Raises
    ------
    UserError
        If no layer has weights in equal steps.
    """
    layers = [
        layer
        for layer in reference.matrices
        if isinstance(quantizer := fake.matrices[layer.output].quantizer, UniformWeight)
        and quantizer.rounds_to_nearest
        and not reads_signs(layer, fake)
    ]
    if not layers:
        raise UserError(
            "corrections has adaround, and no layer has weights of type symmetric, asymmetric or "
            "power_of_two, rounded to the nearest; drop it, or use reconstruction"
        )
    for layer in layers:
        samples = layer_samples(layer, fake, reference, data, options.samples)
        _round_layer(fake.matrices[layer.output], samples, options)


@torch.enable_grad()
def _round_layer(
    matrix: FakeQuantizedMatrix, samples: LayerSamples, options: CorrectionScheme
) -> None:
    quantizer = matrix.quantizer
    assert isinstance(quantizer, UniformWeight)
    weight = matrix.weight.detach()
    scale = quantizer.scales(weight)
    down = (weight / per_row(scale, weight)).floor()
    layer = matrix.current()

    def with_steps(steps: Tensor) -> Matrix:
        rounded = quantizer.steps(steps * per_row(scale, weight), scale)
        return replace(layer, weight=rounded * per_row(scale, weight))

    logits = _inverse_sigmoid(weight / per_row(scale, weight) - down).requires_grad_()
    optimizer = torch.optim.Adam([logits], _LEARNING_RATE)
    for iteration, (inputs, targets) in enumerate(samples.batches(options)):
        share = rounded_up(logits)
        error = (with_steps(down + share).compute(inputs) - targets).square()
        loss = error.sum() / len(inputs)
        progress = iteration / options.iterations
        if progress >= _WARM_UP:
            beta = _annealed((progress - _WARM_UP) / (1 - _WARM_UP))
            loss = loss + _REGULARIZATION * (1 - (2 * share - 1).abs().pow(beta)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    adapted = with_steps(down + (rounded_up(logits.detach()) >= 0.5).to(down.dtype))
    if samples.error(adapted, options.batch) < samples.error(matrix.quantized(), options.batch):
        with torch.no_grad():
            matrix.weight.copy_(adapted.weight)


def rounded_up(logits: Tensor) -> Tensor:
    """Return the rectified sigmoid, 0 to 1: how much of a step a weight is rounded up."""
    low, high = _STRETCH
    return (torch.sigmoid(logits) * (high - low) + low).clamp(0, 1)


def _inverse_sigmoid(share: Tensor) -> Tensor:
    """Return the logits that `rounded_up` turns into shares."""
    low, high = _STRETCH
    return torch.logit((share - low) / (high - low))


def _annealed(progress: float) -> float:
    start, end = _BETA
    return end + (start - end) * (1 - progress)
