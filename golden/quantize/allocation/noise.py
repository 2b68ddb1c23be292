"""Sensitivity by measurement: the noise at the output when only one part is quantized."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.allocation.candidates import Candidates
from bittrue.golden.quantize.allocation.sensitivity import Sensitivity
from bittrue.golden.quantize.calibrate import Batch, CalibrationData
from bittrue.golden.quantize.partial import run_partly_quantized
from bittrue.golden.quantize.power import power
from bittrue.golden.quantize.progress import Progress, silent

Part = tuple[dict[str, Layer], Mapping[str, ActivationQuantizer]]
"""Layers with quantized weights, and quantizers of tensors."""


def noise_sensitivity(
    candidates: Candidates,
    samples: Tensor | Batch | Iterable[Any],
    progress: Progress = silent,
) -> Sensitivity:
    """Return the ratio of noise to signal power at the network's outputs for each part.

        sensitivity = sum of (quantized - exact)**2 / sum of exact**2 = 10**(-SQNR / 10)

    Noise of independent parts adds up, which the decibels of SQNR do not. D. Lin et al., "Fixed
    Point Quantization of Deep Convolutional Networks", ICML 2016, allocate bits by it.

    Parameters
    ----------
    candidates : Candidates
    samples : Tensor, tuple of Tensor, or iterable of either
        As for calibration; one forward pass over them for each part and width.
    progress : callable, optional
    """
    network = candidates.network
    parts: dict[tuple[str, str, int], Part] = {
        ("weight", layer, bits): ({layer: candidates.layer(layer, bits)}, {})
        for layer in candidates.bits
        for bits in candidates.weight_bits
    }
    for group in candidates.groups:
        for bits in group.widths:
            parts["activation", group.name, bits] = ({}, candidates.quantizers(group, bits))
    noise = dict.fromkeys(parts, 0.0)
    signal = 0.0
    data = CalibrationData(samples)
    done, steps = 0, sum(len(parts) for _ in data)
    for batch in data:
        exact = dict(network.run(*batch))
        signal += sum(power(exact[name]) for name in network.outputs)
        for key, part in parts.items():
            noisy = run_partly_quantized(network, exact, *part)
            noise[key] += sum(power(noisy[name] - exact[name]) for name in network.outputs)
            done += 1
            progress(done, steps)
    signal = signal or 1.0
    return Sensitivity(
        "noise to signal ratio at the output",
        {
            (name, bits): noise[kind, name, bits] / signal
            for kind, name, bits in parts
            if kind == "weight"
        },
        {
            (name, bits): noise[kind, name, bits] / signal
            for kind, name, bits in parts
            if kind != "weight"
        },
    )
