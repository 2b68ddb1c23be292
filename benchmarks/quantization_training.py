"""Accuracy of training with the quantizers in place, on the digits, over seeds and splits.

    python -m benchmarks.quantization_training [--seeds N] [--methods NAME ...]

Each method starts from the digits network trained in floating point, which also teaches it. First
and last layer have weights and inputs of 8 bits, as in the methods' papers; the layer between, with
three quarters of the multiplications, has the bits of the method. Every accuracy is that of the
integer graph on the test images. All methods and seeds have one recipe, chosen on held-out training
images. Results are kept run by run, and what is there is not run again.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from statistics import mean, stdev
from typing import get_args

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from golden.atomic_file import write_atomically
from golden.digits.data import Split, load
from golden.digits.network import DigitsNetwork, accuracy, distorted, train_digits
from golden.digits.settings import Training
from golden.execute import Executor
from golden.quantize import (
    ActivationScheme,
    LayerScheme,
    Scheme,
    TrainingData,
    TrainingScheme,
    WeightScheme,
    quantize,
)
from golden.torch_import import to_codes

REPORT = Path("sim_build/quantization_training.json")

RECIPE = Training(epochs=120, rotation=0.15, stretch=0.15, translation=0.15)
FINE_TUNING = TrainingScheme(epochs=40, learning_rate=1e-2, label_smoothing=0.1, distillation=0.7)


@dataclass(frozen=True)
class Method:
    """What is done to a network, and how wide it is.

    Parameters
    ----------
    weight : WeightScheme, optional
        Of the middle layer; None quantizes nothing.
    activation : ActivationScheme
        Of what the middle layer reads.
    channels : int
        Of both convolutions.
    """

    weight: WeightScheme | None = None
    activation: ActivationScheme = field(default_factory=ActivationScheme)
    channels: int = 16

    def scheme(self, seed: int) -> Scheme:
        """Return the scheme of the whole network."""
        assert self.weight is not None
        weight: dict[str, object] = {"type": "symmetric", "bits": 8, "range": "min_max"}
        last_input: dict[str, object] = {"type": "symmetric", "bits": 8, "range": "lsq"}
        return Scheme(
            weight=self.weight,
            activation=self.activation,
            layers={
                "conv1": LayerScheme(weight=weight),
                "conv2": LayerScheme(activation=last_input),
                "dense": LayerScheme(weight=weight),
            },
            training=replace(FINE_TUNING, seed=seed),
        )


def _activations(bits: int, range: str) -> ActivationScheme:
    return ActivationScheme(type="symmetric", bits=bits, range=range)


_LSQ8, _SIGNS = _activations(8, "lsq"), ActivationScheme(type="binary", bits=1)
_BINARY = WeightScheme(type="binary", bits=1)

METHODS: Mapping[str, Method] = {
    "float": Method(),
    "float, twice the width": Method(channels=32),
    "LSQ W2A2": Method(WeightScheme(bits=2, range="lsq"), _activations(2, "lsq")),
    "PACT W2A2": Method(WeightScheme(type="dorefa", bits=2), _activations(2, "pact")),
    "DoReFa W1A2": Method(WeightScheme(type="dorefa", bits=1), _activations(2, "dorefa")),
    "TWN A8": Method(WeightScheme(type="ternary", bits=2), _LSQ8),
    "TTQ A8": Method(WeightScheme(type="trained_ternary", bits=2), _LSQ8),
    "balanced W2A2": Method(WeightScheme(type="balanced", bits=2), _activations(2, "lsq")),
    "BinaryConnect W1A8": Method(_BINARY, _LSQ8),
    "XNOR W1A1": Method(_BINARY, _SIGNS),
    "XNOR W1A1, twice the width": Method(_BINARY, _SIGNS, channels=32),
}


@cache
def float_network(split: Split, seed: int, channels: int) -> DigitsNetwork:
    """Return the network that methods start from and are taught by."""
    data, _ = load(split)
    return train_digits(partial(DigitsNetwork, channels), data, replace(RECIPE, seed=seed))


def measure(method: Method, split: Split, seed: int) -> float:
    """Return the accuracy of one run, in percent of the test images."""
    data, test = load(split)
    network = float_network(split, seed, method.channels)
    if method.weight is None:
        with torch.no_grad():
            return 100 * accuracy(network(test.images), test.labels)
    labelled = TrainingData((data.images, data.labels), partial(distorted, training=RECIPE))
    graph = quantize(network, data.images, method.scheme(seed), labelled).graph
    scores = Executor(graph).run(to_codes(graph, test.images))[graph.outputs[0]]
    return 100 * accuracy(torch.from_numpy(scores), test.labels)


def show(results: Mapping[str, float], console: Console) -> None:
    """Print mean and spread over the seeds, per split."""
    table = Table("method", *(f"{split}: mean, spread, runs" for split in get_args(Split)))
    for name in METHODS:
        cells = []
        for split in get_args(Split):
            runs = [value for key, value in results.items() if key.startswith(f"{name}/{split}/")]
            spread = stdev(runs) if len(runs) > 1 else 0.0
            each = " ".join(f"{value:.2f}" for value in runs)
            cells.append(f"{mean(runs):.2f} +- {spread:.2f} ({each})" if runs else "")
        table.add_row(name, *cells)
    console.print(table)


def main() -> None:
    """Run what has not been run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1 to N (default: 3)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    arguments = parser.parse_args()
    console = Console()
    results: dict[str, float] = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    runs = [
        (name, split, seed)
        for name in arguments.methods
        for split in get_args(Split)
        for seed in range(1, arguments.seeds + 1)
        if f"{name}/{split}/{seed}" not in results
    ]
    REPORT.parent.mkdir(exist_ok=True)
    with Progress(console=console) as progress:
        task = progress.add_task("training", total=len(runs))
        for name, split, seed in runs:
            progress.update(task, description=f"{name}, {split}, seed {seed}")
            results[f"{name}/{split}/{seed}"] = measure(METHODS[name], split, seed)
            write_atomically(REPORT, json.dumps(results, indent=1).encode())
            progress.advance(task)
    show(results, console)
    console.print(f"written to {REPORT}")


if __name__ == "__main__":
    main()
