"""python -m benchmarks.certificate_search: time and width of certificates, for every reference.

A layer of 256 channels, as wide as a late layer of a residual network: 3 x 3 x 256 weights per
channel, outputs that use the whole range of int8. Every fixed-point rounding and both arithmetics
that references define in floating point.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from bittrue.golden.certificates.certificate import Reference
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.float_requant import (
    requantize_float32_half_even,
    requantize_float64_half_away,
)
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.requant import requantize

RESULT = Path("sim_build") / "benchmarks" / "certificate_search.json"
CHANNELS = 256
TAPS = 3 * 3 * 256
ZERO_POINT, MINIMUM, MAXIMUM = -4, -128, 127
SEED = 1


@dataclass(frozen=True)
class Layer:
    """Scales of a layer and what its accumulators reach."""

    scale: np.ndarray
    lowest: Int64
    highest: Int64


@dataclass(frozen=True)
class Measurement:
    """What a search took and found."""

    reference: str
    seconds: float
    multiplier_width: int
    shift: int
    accumulator_width: int
    saturated_width: int
    exceptions: int


def main() -> int:
    """Search for each reference, check the result, print a table and write it as JSON."""
    layer = random_layer(np.random.default_rng(SEED))
    measurements = [measure(name, codes, layer) for name, codes in references(layer).items()]
    title = f"One layer of {CHANNELS} channels; widths in bits"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("reference", no_wrap=True)
    for heading in ("seconds", "multiplier", "shift", "reachable", "saturated", "exceptions"):
        table.add_column(heading, justify="right")
    for found in measurements:
        table.add_row(
            found.reference,
            f"{found.seconds:.1f}",
            str(found.multiplier_width),
            str(found.shift),
            str(found.accumulator_width),
            str(found.saturated_width),
            str(found.exceptions),
        )
    console = Console(highlight=False)
    console.print(table)
    slowest = max(found.seconds for found in measurements)
    console.print(f"goal: {CHANNELS} channels in seconds (slowest reference: {slowest:.1f} s)")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps([asdict(found) for found in measurements], indent=2) + "\n")
    console.print(f"measurements: {RESULT}")
    return 0


def random_layer(generator: np.random.Generator) -> Layer:
    """Return scales under which four standard deviations of the accumulator reach the clamp."""
    weights = np.clip(np.rint(generator.normal(0, 30, (CHANNELS, TAPS))), -127, 127)
    bias = np.rint(generator.normal(0, 40_000, CHANNELS))
    inputs = 255  # Codes of an input whose zero point is its lowest code, as after ReLU.
    rising, falling = np.maximum(weights, 0).sum(axis=1), np.minimum(weights, 0).sum(axis=1)
    deviation = np.sqrt((weights**2).sum(axis=1)) * 60
    scale = 127 / (4 * deviation) * generator.uniform(0.7, 1.4, CHANNELS)
    return Layer(
        scale.astype(np.float32),
        (bias + falling * inputs).astype(np.int64),
        (bias + rising * inputs).astype(np.int64),
    )


def references(layer: Layer) -> dict[str, Reference]:
    """Return every reference that a certificate can follow, by name."""
    codes = (ZERO_POINT, MINIMUM, MAXIMUM)
    channels = RequantChannels(RequantSpec(), *quantize_multiplier(layer.scale), *codes)

    def fixed_point(rounding: Rounding) -> Callable[[Int64], Int64]:
        return lambda accumulator: requantize(torch.tensor(accumulator), channels, rounding).numpy()

    roundings = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]
    return {rounding.value: fixed_point(rounding) for rounding in roundings} | {
        "float32_half_even": lambda accumulator: requantize_float32_half_even(
            accumulator, layer.scale, *codes
        ),
        "float64_half_away": lambda accumulator: requantize_float64_half_away(
            accumulator, 1.0, layer.scale, 1.0, *codes
        ),
    }


def measure(name: str, reference: Reference, layer: Layer) -> Measurement:
    """Return the time of one search, its check included, and what it found."""
    started = time.perf_counter()
    certificate = find_certificate(
        reference, layer.lowest, layer.highest, ZERO_POINT, MINIMUM, MAXIMUM
    )
    seconds = time.perf_counter() - started
    return Measurement(
        name,
        seconds,
        certificate.multiplier_width,
        certificate.shift,
        certificate.accumulator.width,
        certificate.saturated_accumulator.width,
        int(np.count_nonzero(certificate.correction)),
    )


if __name__ == "__main__":
    sys.exit(main())
