"""What a choice of bits does to a network, measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bittrue.golden.quantize.allocation.problem import Allocation
from bittrue.golden.quantize.calibrate import Batch, CalibrationData
from bittrue.golden.quantize.power import decibels, power
from bittrue.golden.quantize.quantized_network import QuantizedNetwork
from bittrue.golden.quantize.report import integer_accuracy


@dataclass(frozen=True)
class Measurement:
    """A quantized network against the float one.

    Parameters
    ----------
    sqnr : float
        Signal to quantization noise of the outputs, in dB.
    accuracy : float, optional
        Of the integer graph, where labels are given.
    """

    sqnr: float
    accuracy: float | None


@dataclass(frozen=True)
class Point:
    """An allocation, and what it does to the network."""

    allocation: Allocation
    measurement: Measurement


def measure(
    quantized: QuantizedNetwork,
    samples: Tensor | Batch | Iterable[Any],
    labels: Tensor | None = None,
) -> Measurement:
    """Run samples, and count right classes if labels are given."""
    network, fake = quantized.float_network, quantized.fake.eval()
    signal = noise = 0.0
    data = CalibrationData(samples)
    for batch in data:
        exact = dict(network.run(*batch))
        with torch.no_grad():
            noisy = dict(fake.run(*batch))
        signal += sum(power(exact[name]) for name in network.outputs)
        noise += sum(power(noisy[name] - exact[name]) for name in network.outputs)
    accuracy = None if labels is None else integer_accuracy(quantized.graph, data, labels)
    return Measurement(decibels(noise / signal) if signal else 0.0, accuracy)
