"""What per-channel scales, equalization and clamping recover where channel ranges are badly spread.

    python -m benchmarks.spread_channels [--decades N] [--seeds N]

Output channels of each convolution of the trained digits network are multiplied by powers of two
over some decades, and the next layer's weights for them divided by the same: ReLU passes the
factors on, so that the function is unchanged to the last bit, which is checked. Then weights get 8
and 4 bits, activations 8. Printed are the accuracy, and the signal-to-noise ratio of each layer's
result in decibels, each channel counting alike, as means over networks trained with several seeds.
Results also go to sim_build/spread_channels.json.
"""

import argparse
import copy
import json
import statistics
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from bittrue.golden.digits.data import Digits, load
from bittrue.golden.digits.network import DigitsNetwork, accuracy, train
from bittrue.golden.digits.settings import Training
from bittrue.golden.quantize import (
    ActivationScheme,
    CorrectionScheme,
    QuantizedNetwork,
    Scheme,
    WeightScheme,
    quantize,
)

REPORT = Path("sim_build/spread_channels.json")

METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "per tensor": ("tensor", ()),
    "per tensor, bias correction": ("tensor", ("bias_correction",)),
    "per tensor, clamping, bias correction": ("tensor", ("weight_clamping", "bias_correction")),
    "per tensor, equalization": ("tensor", ("cross_layer_equalization",)),
    "per tensor, equalization, bias correction": (
        "tensor",
        ("cross_layer_equalization", "bias_correction"),
    ),
    "per channel": ("channel", ()),
    "per channel, equalization, bias correction": (
        "channel",
        ("cross_layer_equalization", "bias_correction"),
    ),
}


@dataclass(frozen=True)
class Row:
    """What one method recovers, as means over the networks."""

    bits: int
    method: str
    accuracy: float
    sqnr: dict[str, float]


def spread(network: DigitsNetwork, decades: float) -> DigitsNetwork:
    """Return a network of the same function with channels of very different ranges."""
    result = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(1)
    for norm, following, positions in (
        (result.norm1, result.conv2, 1),
        (result.norm2, result.dense, 16),
    ):
        exponents = torch.linspace(-decades / 2, decades / 2, len(norm.weight)) / 0.30103
        factors = torch.ldexp(torch.ones_like(norm.weight), exponents.round())
        factors = factors[torch.randperm(len(factors), generator=generator)]
        with torch.no_grad():
            # Batch normalization scales the channel, as folded weights would be.
            norm.weight.mul_(factors)
            norm.bias.mul_(factors)
            divided = factors.repeat_interleave(positions)
            following.weight.div_(divided.reshape(1, -1, *[1] * (following.weight.ndim - 2)))
    return result


def sqnr(network: QuantizedNetwork, images: Tensor) -> dict[str, float]:
    """Return the signal-to-noise ratio of each layer's result, in decibels.

    Channels count alike: noise and signal are relative to each channel's own power.
    """
    with torch.no_grad():
        exact = dict(network.precision.network.run(images))
        found = dict(network.fake.run(images))
    ratios = {}
    for layer in network.fake.matrices:
        dimensions = [each for each in range(exact[layer].ndim) if each != 1]
        power = exact[layer].square().mean(dimensions).clamp(min=1e-30)
        noise = (exact[layer] - found[layer]).square().mean(dimensions) / power
        ratios[layer] = float(-10 * torch.log10(noise.mean()))
    return ratios


def measure(network: nn.Module, bits: int, method: str, training: Digits, test: Digits) -> Row:
    granularity, corrections = METHODS[method]
    scheme = Scheme(
        WeightScheme(bits=bits, granularity=granularity),
        ActivationScheme("symmetric", bits=8),
        corrections=corrections,
        correction=CorrectionScheme(sigmas=2.0),
        requantization="single_half_even",
    )
    quantized = quantize(network, training.images, scheme)
    with torch.no_grad():
        scores = quantized.fake(test.images)
    assert isinstance(scores, Tensor)
    return Row(bits, method, 100 * accuracy(scores, test.labels), sqnr(quantized, test.images))


def mean(rows: list[Row]) -> Row:
    """Return the means of the same method on several networks."""
    first = rows[0]
    return Row(
        first.bits,
        first.method,
        statistics.mean(row.accuracy for row in rows),
        {layer: statistics.mean(row.sqnr[layer] for row in rows) for layer in first.sqnr},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decades", type=float, default=3.0, help="that ranges are spread over")
    parser.add_argument("--seeds", type=int, default=3, help="networks trained")
    arguments = parser.parse_args()
    training, test = load()
    plain = [train(training, Training(seed=1 + seed)) for seed in range(arguments.seeds)]
    wide = [spread(network, arguments.decades) for network in plain]
    with torch.no_grad():
        for one, other in zip(plain, wide, strict=True):
            if not torch.equal(one(test.images), other(test.images)):
                raise AssertionError("spreading the channels has changed the function")
    exact = 100 * statistics.mean(accuracy(each(test.images), test.labels) for each in plain)
    rows: list[tuple[str, Row]] = []
    for bits in (8, 4):
        for method in track(METHODS, f"{bits} bits"):
            for name, networks in (("as trained", plain), ("spread", wide)):
                measured = [measure(each, bits, method, training, test) for each in networks]
                rows.append((name, mean(measured)))
    table = Table(
        title=f"Channels spread over {arguments.decades:g} decades; float {exact:.2f} %, "
        f"{arguments.seeds} networks, activations 8 bits"
    )
    for column in ("bits", "network", "method", "accuracy %", *rows[0][1].sqnr):
        table.add_column(column)
    for name, row in rows:
        ratios = (f"{value:.1f} dB" for value in row.sqnr.values())
        table.add_row(str(row.bits), name, row.method, f"{row.accuracy:.2f}", *ratios)
    Console(width=130).print(table)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    report = [
        {"network": name, "bits": row.bits, "method": row.method, "accuracy": row.accuracy}
        | {"sqnr": row.sqnr}
        for name, row in rows
    ]
    REPORT.write_text(json.dumps({"float": exact, "rows": report}, indent=1))


if __name__ == "__main__":
    main()
