"""FINN's and hls4ml's example topologies, from Brevitas by QONNX to exact Verilog.

TFC, SFC, LFC and CNV at 1W1A, 1W2A and 2W2A, and dense networks of two bits as for jet tagging
(16-64-32-32-5, inputs of 8 bits) and intrusion detection (593-64-64-64-1). Each is made with random
weights, exported by Brevitas, imported, planned for a device, and simulated; golden's outputs are
compared with Brevitas's, all tensors with qonnx's. Needs the extra
``peers``: ``python -m benchmarks.finn_topologies [NAME ...] [--device D] [--images N]``.

What is left out of the originals: dropout, which does nothing after training, and the
normalization of the logits by two numbers common to all classes, which leaves their order alone.
"""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks import qonnx_equality
from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import compare
from bittrue.flows.simulation.network import Pace, network_scenario
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs

FOLDER = Path("sim_build") / "finn_topologies"
PRECISIONS = {"1w1a": (1, 1), "1w2a": (1, 2), "2w2a": (2, 2)}
"""Bits of weights and of activations."""

_DENSE = {"tfc": 64, "sfc": 256, "lfc": 1024}
"""Neurons of the three hidden layers on images of 28 x 28 pixels."""

_CONVOLUTIONS = ((64, False), (64, True), (128, False), (128, True), (256, False), (256, False))
"""Channels of CNV's convolutions, and whether a pooling follows."""

_FEATURES = {"jets": (16, (64, 32, 32), 5), "intrusion": (593, (64, 64, 64), 1)}
"""Inputs, neurons of hidden layers and outputs of networks on features that are no image."""

NAMES = [
    *(f"{topology}-{bits}" for topology in (*_DENSE, "cnv") for bits in PRECISIONS),
    *(f"{topology}-2w2a" for topology in _FEATURES),
]


@dataclass(frozen=True)
class Example:
    """A network in Brevitas, and the shape of its images, channels first."""

    network: nn.Module
    shape: tuple[int, ...]


def example(name: str) -> Example:
    """Return a network with random weights and measured batch statistics."""
    topology, bits = name.split("-")
    weight, activation = PRECISIONS[bits]
    torch.manual_seed(1)
    layers = _Layers(weight, activation)
    if topology == "cnv":
        made = layers.cnv()
    elif topology in _FEATURES:
        made = layers.features(*_FEATURES[topology], narrow_inputs=topology == "intrusion")
    else:
        made = layers.dense(_DENSE[topology])
    network = made.network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, -1.5, 1.5)  # Negative ones turn inequalities round.
            nn.init.uniform_(module.bias, -0.5, 0.5)
        elif hasattr(module, "weight_quant"):
            nn.init.uniform_(module.weight, -1, 1)
    with torch.no_grad():
        for _ in range(20):
            network(2 * torch.rand(16, *made.shape) - 1)
    network.eval()
    return made


class _Layers:
    """Layers with scales of one, as in FINN's examples."""

    def __init__(self, weight: int, activation: int) -> None:
        import brevitas.nn as qnn
        from brevitas.core.zero_point import ZeroZeroPoint
        from brevitas.inject.enum import (
            BitWidthImplType,
            FloatToIntImplType,
            QuantType,
            RestrictValueType,
            ScalingImplType,
        )
        from brevitas.quant.solver import ActQuantSolver, WeightQuantSolver

        self._qnn = qnn
        common = {
            "bit_width_impl_type": BitWidthImplType.CONST,
            "scaling_impl_type": ScalingImplType.CONST,
            "restrict_scaling_type": RestrictValueType.FP,
            "zero_point_impl": ZeroZeroPoint,
            "float_to_int_impl_type": FloatToIntImplType.ROUND,
            "scaling_per_output_channel": False,
            "narrow_range": True,
            "signed": True,
        }

        def quantizer(solver: type, bits: int, **more: object) -> type:
            kind = QuantType.BINARY if bits == 1 else QuantType.INT
            return type("Quantizer", (solver,), common | more | {"quant_type": kind,
                                                                 "bit_width": bits})  # fmt: skip

        self._weight = quantizer(WeightQuantSolver, weight, scaling_const=1.0)
        span = {"min_val": -1.0, "max_val": 1.0}
        self._activation = quantizer(ActQuantSolver, activation, **span)
        self._image = quantizer(
            ActQuantSolver,
            8,
            min_val=-1.0,
            max_val=1.0 - 2.0**-7,
            narrow_range=False,
            restrict_scaling_type=RestrictValueType.POWER_OF_TWO,
        )

    def _act(self) -> nn.Module:
        return self._qnn.QuantIdentity(act_quant=self._activation, return_quant_tensor=False)

    def _linear(self, inputs: int, outputs: int) -> nn.Module:
        return self._qnn.QuantLinear(inputs, outputs, bias=False, weight_quant=self._weight)

    def dense(self, neurons: int) -> Example:
        """Three hidden layers; the image is quantized as activations are."""
        layers = [nn.Flatten(), self._act(), *self._perceptron(28 * 28, (neurons,) * 3, 10)]
        return Example(nn.Sequential(*layers), (1, 28, 28))

    def features(
        self, inputs: int, hidden: Sequence[int], outputs: int, narrow_inputs: bool
    ) -> Example:
        """Hidden layers on features, of 8 bits or as few as activations have."""
        image = self._qnn.QuantIdentity(act_quant=self._image, return_quant_tensor=False)
        first = self._act() if narrow_inputs else image
        return Example(nn.Sequential(first, *self._perceptron(inputs, hidden, outputs)), (inputs,))

    def _perceptron(self, inputs: int, hidden: Sequence[int], outputs: int) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for given, made in pairwise((inputs, *hidden)):
            layers += [self._linear(given, made), nn.BatchNorm1d(made), self._act()]
        return [*layers, self._linear(hidden[-1], outputs)]

    def cnv(self) -> Example:
        """Six convolutions without borders, and two hidden layers; images have 8 bits."""
        layers = [self._qnn.QuantIdentity(act_quant=self._image, return_quant_tensor=False)]
        channels = 3
        for outputs, pooled in _CONVOLUTIONS:
            layers += [
                self._qnn.QuantConv2d(channels, outputs, 3, bias=False, weight_quant=self._weight),
                nn.BatchNorm2d(outputs, eps=1e-4),
                self._act(),
                *([nn.MaxPool2d(2)] if pooled else []),
            ]
            channels = outputs
        layers.append(nn.Flatten())
        for inputs, outputs in ((256, 512), (512, 512)):
            layers += [self._linear(inputs, outputs), nn.BatchNorm1d(outputs, eps=1e-4)]
            layers.append(self._act())
        return Example(nn.Sequential(*layers, self._linear(512, 10)), (3, 32, 32))


def exported(made: Example, path: Path) -> None:
    """Write a network as QONNX; the exporter's report of its progress is not shown."""
    from brevitas.export import export_qonnx

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with redirect_stdout(StringIO()):
        export_qonnx(made.network, torch.rand(1, *made.shape), str(path))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--device", default="zynq7020")
    parser.add_argument("--cycles", type=int, help="between images; as few as fit by default")
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder for the QONNX files")
    parser.add_argument("--import-only", action="store_true", help="neither plan nor simulate")
    arguments = parser.parse_args(argv)
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(f"no network is named {min(unknown)!r}; choose from {', '.join(NAMES)}")
    table = Table(box=None, pad_edge=False)
    columns = ["network", "MACs", "outputs", "from Brevitas", "from qonnx", "planned", "simulated"]
    for column in (*columns, "LUT", "DSP", "RAMB36", "differ", "seconds"):
        table.add_column(column, justify="left" if column == "network" else "right")
    right = True
    console = Console(highlight=False, width=130)
    for name in arguments.names or NAMES:
        with console.status(name):
            row, equal = _row(name, arguments)
        right &= equal
        table.add_row(name, *row)
    console.print(table)
    return 0 if right else 1


def _row(name: str, arguments: argparse.Namespace) -> tuple[list[str], bool]:
    began = time.monotonic()
    made = example(name)
    with TemporaryDirectory() as folder:
        path = (arguments.keep or Path(folder)) / f"{name}.onnx"
        exported(made, path)
        graph = load_network(path)
        qonnx = qonnx_equality.compare(path, graph, arguments.images)
    images = random_inputs(graph, arguments.images, 1)
    golden = Executor(graph).run(images, list(graph.outputs))
    codes = golden[graph.outputs[0]]
    brevitas = _brevitas(made, graph, images[graph.inputs[0].name])
    apart = int((brevitas != codes.reshape(brevitas.shape)).sum())
    different = int(str(qonnx["different"]))
    first = [f"{codes.size:,}", f"{apart:,} differ", f"{different:,} of {qonnx['codes']:,} differ"]
    equal = apart == 0 and different == 0
    if arguments.import_only:
        return ["", *first], equal
    try:
        plan = plan_network(certify(graph), find_budget(arguments.device), arguments.cycles)
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return ["", *first, "refused"], False
    network = Network(plan.spec)
    scenario = network_scenario(network, "images", images, golden)
    cosimulation = Cosimulation(network, to_verilog(network, "network"), "verilator", FOLDER)
    with run_folder(FOLDER / name) as work:
        (outcome,) = cosimulation.run([scenario.run], work, timeout=7200)
    verdict = compare(cosimulation, [scenario], [outcome], 1)
    pace = Pace.of(outcome, network, arguments.images)
    costs = plan.resources
    return [
        f"{plan.products:,}",
        *first,
        f"{plan.cycles:,}",
        f"{int(pace.intervals.max()):,}",
        f"{costs.luts:,}",
        f"{costs.multipliers:,}",
        f"{costs.block_rams:g}",
        f"{verdict.differing:,} of {verdict.compared:,}",
        f"{time.monotonic() - began:.0f}",
    ], verdict.passed and equal


def _brevitas(made: Example, graph: Graph, images: Any) -> Any:
    """Return the codes of Brevitas's outputs for images given as codes of the graph."""
    given = graph.quantization[graph.inputs[0].name]
    real = given.encoding.decode(images) * float(given.scale)
    if real.ndim == 4:
        real = real.transpose(0, 3, 1, 2)
    with torch.no_grad():
        outputs = made.network(torch.from_numpy(real.reshape(-1, *made.shape)).float())
    scale = float(graph.quantization[graph.outputs[0]].scale)
    return np.rint(outputs.numpy().astype(np.float64) / scale).astype(np.int64)


if __name__ == "__main__":
    sys.exit(main())
