"""FOMO, an object detector for microcontrollers: planned and simulated cycles at its default plan.

FOMO cuts MobileNetV2 (alpha 0.35, grey images of 96 x 96) where the grid is 12 x 12, and puts a
small classifier behind each cell: 5.9 million products. It is made here with random weights and
measured batch statistics, quantized to 8 bits, planned, and simulated in Verilator:
``python -m benchmarks.fomo [--device D] [--cycles N] [--images N]``.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import compare
from bittrue.flows.simulation.network import Pace, network_scenario
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.certify import certify
from bittrue.golden.quantize import quantize
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs

FOLDER = Path("sim_build") / "fomo"
IMAGE = (1, 96, 96)
CLASSES = 2
"""Besides the background."""

_BLOCKS = ((8, 1, 1), (8, 2, 6), (8, 1, 6), (16, 2, 6), (16, 1, 6), (16, 1, 6))
"""Channels that each inverted residual gives, its stride, and how much it expands before: those of
MobileNetV2 at alpha 0.35 as far as the grid of 12 x 12, in multiples of eight."""

_FIRST, _EXPANSION, _HEAD = 16, 6, 32


class InvertedResidual(nn.Module):
    """Expand, convolve each channel alone, project; added to the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers = _convolution(inputs, hidden, 1) if expansion > 1 else []
        layers += _convolution(hidden, hidden, 3, stride, groups=hidden)
        layers += _convolution(hidden, outputs, 1, activation=False)
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layers make of images."""
        made: Tensor = self.layers(x)
        return x + made if self.adds else made


def _convolution(
    inputs: int,
    outputs: int,
    size: int,
    stride: int = 1,
    groups: int = 1,
    activation: bool = True,
) -> list[nn.Module]:
    """Return a normalized convolution; strides of two are padded behind alone, as Keras does."""
    pads: list[nn.Module] = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
    padding = size // 2 if stride == 1 else 0
    return [
        *pads,
        nn.Conv2d(inputs, outputs, size, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        *([nn.ReLU6()] if activation else []),
    ]


def fomo() -> nn.Sequential:
    """Return the detector with random weights; its output are the logits of each cell."""
    layers: list[nn.Module] = _convolution(IMAGE[0], _FIRST, 3, 2)
    channels = _FIRST
    for outputs, stride, expansion in _BLOCKS:
        layers.append(InvertedResidual(channels, outputs, stride, expansion))
        channels = outputs
    layers += _convolution(channels, channels * _EXPANSION, 1)
    layers += [nn.Conv2d(channels * _EXPANSION, _HEAD, 1), nn.ReLU()]
    layers += [nn.Conv2d(_HEAD, CLASSES + 1, 1), nn.Softmax(1)]
    return nn.Sequential(*layers)


def quantized_fomo() -> Graph:
    """Return the detector in integers of 8 bits."""
    torch.manual_seed(1)
    network, samples = fomo(), 2 * torch.rand(16, *IMAGE) - 1
    with torch.no_grad():
        for _ in range(10):  # Batch normalization learns the statistics of random images.
            network(2 * torch.rand(16, *IMAGE) - 1)
    return quantize(network.eval(), samples).graph


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="zynq7020")
    parser.add_argument("--cycles", type=int, help="between images; as few as fit by default")
    parser.add_argument("--images", type=int, default=3)
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    graph = quantized_fomo()
    plan = plan_network(certify(graph), find_budget(arguments.device), arguments.cycles)
    costs = plan.resources
    print(
        f"{plan.products:,} products, {plan.multipliers:,} multipliers, {costs.luts:,} LUTs, "
        f"{costs.multipliers:,} DSPs, {costs.block_rams:g} block RAMs (estimated)"
    )
    network = Network(plan.spec)
    images = random_inputs(graph, arguments.images, 1)
    golden = Executor(graph).run(images, list(graph.outputs))
    scenario = network_scenario(network, "images", images, golden)
    cosimulation = Cosimulation(network, to_verilog(network, "network"), "verilator", FOLDER)
    with run_folder(FOLDER) as work:
        (outcome,) = cosimulation.run([scenario.run], work, timeout=7200)
    verdict = compare(cosimulation, [scenario], [outcome], 1)
    pace = Pace.of(outcome, network, arguments.images)
    print(f"planned {plan.cycles:,} cycles; simulated: {pace}")
    print(f"{verdict.differing:,} of {verdict.compared:,} codes differ")
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if verdict.passed and (pace.intervals == plan.cycles).all() else 1


if __name__ == "__main__":
    sys.exit(main())
