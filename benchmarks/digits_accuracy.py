"""python -m benchmarks.digits_accuracy: accuracy of every way of quantizing, on the digits.

Means over seeds of training, on both splits; signal to quantization noise of each layer beside it.
Interrupted, it goes on where it was: results are kept in sim_build/digits_accuracy.json.
"""

import argparse
import json
import multiprocessing
import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.digits_schemes import FLOAT, ROWS, Row, float_training
from bittrue.golden.digits.data import Split, load
from bittrue.golden.digits.network import DigitsNetwork, accuracy, distorted, train_digits
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.quantize import TrainingData, quantize
from bittrue.golden.quantize.report import integer_accuracy, layer_reports
from bittrue.golden.quantize.scheme_file import write_scheme

RESULTS = Path("sim_build") / "digits_accuracy.json"
SPLITS: tuple[Split, ...] = ("file_order", "random")
_NOISE_SAMPLES = 256


@dataclass(frozen=True)
class Result:
    """One training and quantization.

    Parameters
    ----------
    accuracy : float
        Of the integers, in percent of the test images.
    sqnr : dict of str to float
        In dB, of each layer with weights.
    differing : int
        Codes in which integers and fake-quantized network differ, of all layers.
    """

    accuracy: float
    sqnr: dict[str, float]
    differing: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="rows whose name matches")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    arguments = parser.parse_args()
    rows = [row for row in ROWS if row is FLOAT or fnmatchcase(row.name, arguments.only)]
    known = {} if arguments.fresh or not RESULTS.exists() else json.loads(RESULTS.read_bytes())
    console = Console(highlight=False, width=120)
    jobs = {
        job_key(row, split, seed): (row, split, seed)
        for split in SPLITS
        for seed in arguments.seeds
        for row in rows
    }
    left = {key: job for key, job in jobs.items() if key not in known}
    spawn = multiprocessing.get_context("spawn")
    with (
        Progress(console=console, transient=True) as progress,
        ProcessPoolExecutor(arguments.processes, spawn, torch.set_num_threads, (1,)) as pool,
    ):
        task = progress.add_task("measuring", total=len(jobs), completed=len(jobs) - len(left))
        keys = {pool.submit(measure, *job): key for key, job in left.items()}
        for done in as_completed(keys):
            known[keys[done]] = asdict(done.result())
            RESULTS.parent.mkdir(exist_ok=True)
            write_atomically(RESULTS, (json.dumps(known, indent=1) + "\n").encode())
            progress.advance(task)
    results = {
        (row.name, split): [Result(**known[job_key(row, split, seed)]) for seed in arguments.seeds]
        for row in rows
        for split in SPLITS
    }
    console.print(accuracy_table(rows, results))
    console.print(noise_table(rows, results))
    differing = sum(result.differing for each in results.values() for result in each)
    console.print(f"codes in which integers and fake-quantized networks differ: {differing}")
    console.print(f"{RESULTS} has every figure")
    return 0 if all(met for _, met in goals(rows, results)) else 1


def job_key(row: Row, split: Split, seed: int) -> str:
    """Return what a result depends on."""
    chosen = row.scheme_of(seed)
    scheme = "float" if chosen is None else write_scheme(chosen)
    return json.dumps([row.name, row.channels, split, seed, str(float_training(seed)), scheme])


@cache
def float_network(split: Split, seed: int, channels: int) -> DigitsNetwork:
    """Train the network that a row starts from."""
    train, _ = load(split)
    training = float_training(seed)
    return train_digits(partial(DigitsNetwork, channels), train, training)


def measure(row: Row, split: Split, seed: int) -> Result:
    """Train and quantize once."""
    train, test = load(split)
    network = float_network(split, seed, row.channels)
    scheme = row.scheme_of(seed)
    if scheme is None:
        with torch.no_grad():
            return Result(100 * accuracy(network(test.images), test.labels), {}, 0)
    training = None
    if scheme.training is not None:
        augment = partial(distorted, training=float_training(seed))
        training = TrainingData((train.images, train.labels), augment)
    quantized = quantize(network, train.images, scheme, training)
    reports = layer_reports(quantized, train.images[:_NOISE_SAMPLES])
    return Result(
        100 * integer_accuracy(quantized.graph, [(test.images,)], test.labels),
        {layer.name: layer.sqnr for layer in reports if layer.weight_type},
        sum(layer.differing for layer in reports),
    )


Results = dict[tuple[str, Split], list[Result]]


def loss(row: Row, results: Results) -> float:
    """Return by how many points a row is below float: the mean over both splits."""
    return statistics.mean(
        statistics.mean(each.accuracy for each in results[FLOAT.name, split])
        - statistics.mean(each.accuracy for each in results[row.name, split])
        for split in SPLITS
    )


def goals(rows: list[Row], results: Results) -> Iterator[tuple[Row, bool]]:
    """Yield the rows that have a goal, and whether it is met."""
    for row in rows:
        if row.goal is not None:
            yield row, loss(row, results) <= row.goal


def accuracy_table(rows: list[Row], results: Results) -> Table:
    """Return accuracies: mean, and lowest to highest."""
    table = Table(title="accuracy of the integers, %", title_justify="left", box=None)
    table.add_column("weights, activations", no_wrap=True)
    for heading in ("file order", "random split", "below float", "goal"):
        table.add_column(heading, justify="right", no_wrap=True)
    met = {row.name: each for row, each in goals(rows, results)}
    for row in rows:
        cells = []
        for split in SPLITS:
            values = [each.accuracy for each in results[row.name, split]]
            spread = f"({min(values):.2f} to {max(values):.2f})"
            cells.append(f"{statistics.mean(values):.2f} {spread}")
        goal = "" if row.goal is None else f"{row.goal:g}, {'met' if met[row.name] else 'NOT MET'}"
        table.add_row(row.name, *cells, f"{loss(row, results):.2f}", goal)
    return table


def noise_table(rows: list[Row], results: Results) -> Table:
    """Return the mean signal to quantization noise of every layer."""
    table = Table(title="SQNR, dB, both splits", title_justify="left", box=None)
    table.add_column("weights, activations")
    layers = ("conv1", "conv2", "dense")
    for layer in layers:
        table.add_column(layer, justify="right")
    for row in rows:
        every = [each for split in SPLITS for each in results[row.name, split]]
        if row.scheme is not None:
            means = (statistics.mean(each.sqnr[layer] for each in every) for layer in layers)
            table.add_row(row.name, *(f"{mean:.1f}" for mean in means))
    return table


if __name__ == "__main__":
    raise SystemExit(main())
