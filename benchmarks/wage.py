"""Training in integers (WAGE) on the digits, and the same network as an integer graph.

    python -m benchmarks.wage [--epochs N] [--seeds N]

Exit status 1 if one code of the integer graph differs from the network as it was trained.
"""

import argparse
import sys
from typing import get_args

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.digits.data import Digits, Split, load
from bittrue.golden.digits.network import accuracy
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.quantize.reproducible import reproducible
from bittrue.golden.quantize.training.wage import (
    ACTIVATION_BITS,
    WageLayer,
    lower_wage,
    quantized,
    step_of,
    update,
)

BATCH = 64


def digits_network() -> nn.Sequential:
    """Return the layers of the digits network, without batch normalization."""
    return nn.Sequential(
        WageLayer(nn.Conv2d(1, 16, 3, padding=1, bias=False)),
        WageLayer(nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False)),
        nn.Flatten(),
        WageLayer(nn.Linear(16 * 4 * 4, 10, bias=False), relu=False),
    )


def images_of(data: Digits) -> Tensor:
    """Return images in values of 8 bits."""
    return quantized(data.images, ACTIVATION_BITS)


def train(data: Digits, epochs: int, seed: int) -> nn.Sequential:
    """Train by the sum of squared errors; the rate is halved six times."""
    images = images_of(data)
    targets = functional.one_hot(data.labels, 10) * (1 - step_of(ACTIVATION_BITS))
    with reproducible(seed):
        network = digits_network()
        for epoch in range(epochs):
            rate = 8.0 / 2 ** (7 * epoch // epochs)
            for chosen in torch.randperm(len(images)).split(BATCH):
                network.zero_grad()
                (network(images[chosen]) - targets[chosen]).square().sum().backward()
                update(network, rate)
    return network


def main() -> int:
    """Train, lower, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60, help="default: 60")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1 to N (default: 3)")
    arguments = parser.parse_args()
    console, differing = Console(), 0
    table = Table("split", "seed", "accuracy, %", "codes that differ")
    runs = [(split, seed) for split in get_args(Split) for seed in range(1, arguments.seeds + 1)]
    with Progress(console=console) as progress:
        for split, seed in progress.track(runs, description="training"):
            data, test = load(split)
            network = train(data, arguments.epochs, seed)
            images = images_of(test)
            graph = lower_wage(network, images[:1])
            codes = Executor(graph).run(to_codes(graph, images))[graph.outputs[0]]
            with torch.no_grad():
                expected = (network(images) / step_of(ACTIVATION_BITS)).numpy()
            wrong = int(np.count_nonzero(codes != expected))
            differing += wrong
            right = accuracy(torch.from_numpy(codes), test.labels)
            table.add_row(split, str(seed), f"{100 * right:.2f}", str(wrong))
    console.print(table)
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
