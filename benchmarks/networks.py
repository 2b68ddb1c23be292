"""MLPerf Tiny networks as circuits: cycles, latency, generation, simulation speed, resources.

The share of the bare model's speed is that of the same Verilog in a C++ loop without files.

The models are files of the user's: ``python -m benchmarks.networks FOLDER [--images N] [--yosys]``.
"""

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bare import bare_speed
from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import Plan
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import compare
from bittrue.flows.simulation.network import Pace, network_scenario
from bittrue.flows.synthesis.yosys import synthesise
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import Design, to_verilog
from cocotb_tests.bench.images import random_inputs

FOLDER = Path("sim_build") / "networks"
BARE_NETWORK = Path(__file__).parent / "bare_network.cpp"
BARE_CYCLES = 300_000
DEVICE = "zynq7020"


@dataclass(frozen=True)
class Network8Bit:
    """A model, the cycles between images that are asked of it, and what others published.

    The published figures are medians of the open division of MLPerf Tiny v0.7, on a Zynq-7020,
    for networks of the submitters' own design: inferences per second on silicon.
    """

    file: str
    cycles: int
    published: str


NETWORKS = (
    Network8Bit("pretrainedResnet_quant.tflite", 33_000, "RN07 8-bit (hls4ml) 37/s"),
    Network8Bit("kws_ref_model.tflite", 6_000, "MLP W3A3 (FINN) 57,268/s"),
    Network8Bit("ad01_int8.tflite", 800, "AD08 reduced (hls4ml) 53,365/s"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the .tflite files are")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--yosys", action="store_true", help="count cells; takes long")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=130)
    table = Table(box=None, pad_edge=False)
    columns = ["network", "multipliers", "cycles", "planned", "x bound", "first", "equal"]
    columns += ["generated s", "GB", "built s", "kcycles/s", "of bare", "run s"]
    for column in columns:
        table.add_column(column, justify="left" if column == "network" else "right")
    resources = []
    for each in NETWORKS:
        began = time.monotonic()
        graph = load_network(arguments.folder / each.file)
        plan = plan_network(certify(graph), find_budget(DEVICE), each.cycles)
        network = Network(plan.spec)
        design = to_verilog(network, "network")
        generated = time.monotonic() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        row = _simulate(graph, plan, network, design, arguments.images)
        table.add_row(
            each.file.removesuffix(".tflite"),
            *row[:6],
            f"{generated:.1f}",
            f"{memory:.2f}",
            *row[6:],
        )
        if arguments.yosys:
            counted, _ = synthesise(network, design, "xc7", FOLDER)
            resources.append((each, plan, counted.resources))
    console.print(table)
    for each, plan, counts in resources:
        rate = 100e6 / plan.cycles
        console.print(
            f"{each.file}: {counts}; {rate:,.0f} images/s at 100 MHz, simulated; "
            f"published on silicon: {each.published}",
            soft_wrap=True,
        )
    return 0


def _simulate(graph: Graph, plan: Plan, network: Network, design: Design, images: int) -> list[str]:
    """Run images through the Verilog, and return the columns that follow from it."""
    given = random_inputs(plan.spec.graph, images, 1)
    golden = Executor(graph).run(given)
    scenario = network_scenario(network, "images", given, golden)
    cosimulation = Cosimulation(network, design, "verilator", FOLDER)
    began = time.monotonic()
    (outcome,) = cosimulation.run([scenario.run], FOLDER / "run", timeout=3600)
    built = time.monotonic() - began - outcome.seconds
    pace = Pace.of(outcome, network, images)
    verdict = compare(cosimulation, [scenario], [outcome], 1)
    bound = plan.products / plan.multipliers
    speed = outcome.duration / outcome.seconds
    beat = len(network.i.payload.as_value())
    bare = bare_speed(
        design, BARE_NETWORK, cosimulation.optimisation, (str(BARE_CYCLES), str(beat))
    )
    return [
        f"{plan.multipliers:,}",
        f"{int(pace.intervals.max()):,}",
        f"{plan.cycles:,}",
        f"{pace.intervals.max() / bound:.3f}",
        f"{pace.first:,}",
        "all" if verdict.passed else "NO",
        f"{built:.0f}",
        f"{speed / 1e3:,.0f}",
        f"{speed / bare:.0%}",
        f"{outcome.seconds:.1f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
