"""What other widths would do to each part of a network."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from bittrue.golden.quantize.allocation.candidates import Candidates
from bittrue.golden.quantize.allocation.noise import noise_sensitivity
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.power import decibels
from bittrue.golden.quantize.progress import Progress, silent
from bittrue.golden.quantize.quantized_network import QuantizedNetwork
from bittrue.golden.quantize.scheme import Scheme

_ANY_WIDTH = ("symmetric", "asymmetric", "power_of_two")


@dataclass(frozen=True)
class WidthSweep:
    """SQNR of the outputs in dB when one part alone is quantized, for each of some widths.

    Parameters
    ----------
    bits : tuple of int
    weights : tuple of (str, tuple of float)
        Layers, and an SQNR for each width.
    values : tuple of (str, tuple of float)
        Tensors that layers with weights read, and that get a scale of their own.
    """

    bits: tuple[int, ...]
    weights: tuple[tuple[str, tuple[float, ...]], ...]
    values: tuple[tuple[str, tuple[float, ...]], ...]


def widths_can_change(quantized: QuantizedNetwork) -> bool:
    """Return whether the types of all codes have any width, unlike binary or ternary ones."""
    precision = quantized.precision
    return all(each.type in _ANY_WIDTH for each in precision.weights.values()) and all(
        each.type in _ANY_WIDTH for each in precision.activations.values()
    )


def sweep_widths(
    module: nn.Module,
    calibration: Tensor | Batch | Iterable[Any],
    scheme: Scheme,
    samples: Tensor | Batch | Iterable[Any],
    bits: tuple[int, ...] = (2, 3, 4, 6, 8),
    progress: Progress = silent,
) -> WidthSweep:
    """Quantize every part at every width, one at a time.

    Parameters
    ----------
    module, calibration, scheme
        As of `golden.quantize.quantize`; corrections are left out.
    samples : Tensor, tuple of Tensor, or iterable of either
        What SQNR is measured on.
    bits : tuple of int
    progress : callable, optional
    """
    plain = replace(scheme, corrections=())
    candidates = Candidates.of(module, calibration, plain, bits, bits)
    found = noise_sensitivity(candidates, samples, progress)
    return WidthSweep(
        bits,
        tuple(
            (layer, tuple(decibels(found.weights[layer, each]) for each in bits))
            for layer in candidates.bits
        ),
        tuple(
            (group.name, tuple(decibels(found.activations[group.name, each]) for each in bits))
            for group in candidates.groups
            if not group.fixed
        ),
    )
