"""The work that another generator was measured on: cycles, generation, build, clock.

    python -m benchmarks.same_work [--clock]

A dense network, a small convolutional one, and a layer of ResNet-8, each with as many 8-bit
multipliers. Below stands what NNgen 1.3.4 needed, recorded on another day on a machine with
two busy cores: cycles compare, times are orders of magnitude. Weights are random; the contents
of a network change none of this.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import Plan
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import compare
from bittrue.flows.simulation.network import Pace, network_scenario
from bittrue.flows.synthesis.yosys import synthesise
from bittrue.flows.units.layers import example_fixed_point
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Node, Tensor, Window, file
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs

FOLDER = Path("sim_build") / "same_work"
DEVICE = "ecp5-85f"
IMAGES = 20
INT8 = IntegerType(8, True)
SAME = ((1, 1), (1, 1))


@dataclass(frozen=True)
class Recorded:
    """NNgen's figures; 0 where there is none."""

    cycles: int
    generation: float
    build: float
    clock: float = 0.0


@dataclass(frozen=True)
class Work:
    """A network, the multipliers it gets, and what another generator did with as many.

    `most_cycles` is the goal for an image.
    """

    name: str
    graph: Callable[[], Graph]
    multipliers: int
    most_cycles: int
    nngen: Recorded


class _Layers:
    """Stacks layers with random weights and scales that keep codes busy."""

    def __init__(self, *shape: int) -> None:
        self.input = Tensor.of_type("image", shape, INT8)
        self.nodes: list[Node] = []
        self._rng = np.random.default_rng(1)

    def graph(self) -> Graph:
        return Graph((self.input,), tuple(self.nodes), (self.nodes[-1].output,))

    def convolution(self, outputs: int, inputs: int, stride: int = 1) -> "_Layers":
        window = Window((3, 3), (stride, stride), padding=SAME)
        return self._matrix(Convolution, (outputs, 3, 3, inputs), window=window)

    def dense(self, outputs: int, inputs: int) -> "_Layers":
        return self._matrix(FullyConnected, (outputs, inputs))

    def flat(self, elements: int) -> "_Layers":
        return self._add(Reshape(inputs=(self._last,), output="flat", shape=(elements,)))

    @property
    def _last(self) -> str:
        return self.nodes[-1].output if self.nodes else self.input.name

    def _add(self, node: Node) -> "_Layers":
        self.nodes.append(node)
        return self

    def _matrix(
        self,
        kind: type[Convolution] | type[FullyConnected],
        shape: tuple[int, ...],
        **more: Any,
    ) -> "_Layers":
        weight = self._rng.integers(-127, 128, shape)
        bias = self._rng.integers(-2000, 2000, shape[0])
        name = f"layer_{len(self.nodes)}"

        def node(**scale: object) -> Node:
            return kind(
                inputs=(self._last,),
                output=name,
                weight=weight,
                weight_type=INT8,
                bias=bias,
                **more,
                **scale,  # type: ignore[arg-type]
            )

        plain = Graph((self.input,), (*self.nodes, node()), (name,))
        scale = example_fixed_point(plain.accumulators[name], INT8, shape[0])
        return self._add(node(requantization=scale))


WORKS = (
    Work(
        "MLP 64-32-32-10",
        lambda: _Layers(64).dense(32, 64).dense(32, 32).dense(10, 32).graph(),
        16,
        260,
        Recorded(1_873, 6, 31, 61),
    ),
    Work(
        "CNN 3x3x16, 3x3x16 /2, 10",
        lambda: (
            _Layers(8, 8, 1).convolution(16, 1).convolution(16, 16, 2).flat(256).dense(10, 256)
        ).graph(),
        144,
        0,
        Recorded(3_865, 6, 130),
    ),
    Work(
        "ResNet-8 layer, 3x3 16 to 16",
        lambda: _Layers(32, 32, 16).convolution(16, 16).graph(),
        144,
        17_500,
        Recorded(38_930, 30, 158),
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clock", action="store_true", help="place and route; takes minutes")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=120)
    table = Table(title=f"On {find_budget(DEVICE).summary}", title_justify="left", box=None)
    for column in ("", "multipliers", "cycles", "goal", "in use", "generated s", "built s", "MHz"):
        table.add_column(column, justify="right" if column else "left")
    passed = True
    for work in WORKS:
        plan = plan_with(work.graph(), work.multipliers)
        cycles, build, clock, equal = _measure(plan, arguments.clock)
        passed &= equal and (not work.most_cycles or cycles <= work.most_cycles)
        table.add_row(
            f"{work.name}{'' if equal else ': DIFFERS FROM GOLDEN'}",
            f"{plan.multipliers}",
            f"{cycles:,}",
            f"{work.most_cycles:,}" if work.most_cycles else "",
            f"{plan.products / (plan.multipliers * cycles):.0%}",
            f"{_generation(plan, cycles):.1f}",
            f"{build:.0f}",
            f"{clock:.0f}" if clock else "",
        )
        theirs = work.nngen
        table.add_row(
            "  NNgen, as recorded",
            f"{work.multipliers}",
            f"{theirs.cycles:,}",
            "",
            f"{plan.products / (work.multipliers * theirs.cycles):.0%}",
            f"{theirs.generation:g}",
            f"{theirs.build:g}",
            f"{theirs.clock:g}" if theirs.clock else "",
            style="dim",
        )
    console.print(table)
    console.print(
        "generated: the whole process of 'bittrue build'; built: bench and all, Verilator"
    )
    return 0 if passed else 1


def plan_with(graph: Graph, multipliers: int) -> Plan:
    """Return the fastest plan that has so many multipliers at most."""
    certified, budget = certify(graph), find_budget(DEVICE)
    best: Plan | None = None
    low, high = 1, 1 << 24
    while low < high:
        middle = (low + high) // 2
        try:
            plan = plan_network(certified, budget, middle)
        except UserError:  # Too fast for the device.
            low = middle + 1
            continue
        if plan.multipliers <= multipliers:
            best, high = plan, middle
        else:
            low = middle + 1
    if best is None:
        raise UserError(f"the network takes more than {multipliers} multipliers at any rate")
    return best


def _measure(plan: Plan, clock: bool) -> tuple[int, float, float, bool]:
    """Return cycles between images, seconds of the build, MHz, and whether all is golden's."""
    network = Network(plan.spec)
    design = to_verilog(network, "network")
    given = random_inputs(plan.spec.graph, IMAGES, 1)
    golden = Executor(plan.spec.graph).run(given)
    scenario = network_scenario(network, "images", given, golden)
    with tempfile.TemporaryDirectory() as builds:  # Nothing of an earlier build helps.
        cosimulation = Cosimulation(network, design, "verilator", Path(builds))
        began = time.monotonic()
        (outcome,) = cosimulation.run([scenario.run], Path(builds) / "run", timeout=3600)
        build = time.monotonic() - began - outcome.seconds
    verdict = compare(cosimulation, [scenario], [outcome], 1)
    cycles = int(Pace.of(outcome, network, IMAGES).intervals.max())
    mhz = synthesise(network, design, "ecp5", FOLDER)[0].fmax_mhz if clock else None
    return cycles, build, mhz or 0.0, verdict.passed


def _generation(plan: Plan, cycles: int) -> float:
    """Return the seconds of the command that makes an output folder."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "network.bittrue"
        file.save(plan.spec.graph, model)
        command = [sys.executable, "-m", "bittrue", "build", str(model), "--device", DEVICE]
        command += ["--cycles", str(cycles), "--output", f"{folder}/out"]
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
