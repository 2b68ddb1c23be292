"""python -m benchmarks.engine_bandwidth: from which memory on a network is bound by it, drawn.

    python -m benchmarks.engine_bandwidth MODEL... [--engine zynq7020] [--simulate] [--output FILE]

Cycles of an inference by prediction, for ports that move 5 to 100 % of a word in a cycle, at each
of some latencies; a panel of the SVG for each network, and a line of text with the slowest port at
which it takes no more than a tenth more than with a memory that never waits. With ``--simulate``
some points of each network are simulated in Verilator, drawn as dots, and printed beside their
prediction: for small networks.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

import bittrue
from benchmarks.engine_networks import OUTPUT, simulated
from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.engine.timing import Memory, spans
from bittrue.flows.reports.plots import BLUE, INK, ORANGE, figure, grid, large_numbers, svg_file
from bittrue.flows.simulation.engine.bench import HostMemory
from bittrue.golden.engine.configuration import read_configuration
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.graph import Graph

RATES = [13, 26, 38, 51, 64, 77, 102, 128, 154, 179, 205, 230, 256]
"""Words of a port in 256 cycles."""

LATENCIES = [1, 40, 150, 400]
SIMULATED = [(26, 40), (64, 40), (128, 40), (205, 40), (205, 150), (205, 400)]
"""Rates and latencies of the points that are simulated."""

_COLORS = dict(zip(LATENCIES, (INK, BLUE, ORANGE, ORANGE), strict=True))
_STYLES = dict(zip(LATENCIES, ("-", "-", "-", "--"), strict=True))
_SLOWER = 1.1
_WORD = 256


@dataclass(frozen=True)
class Sweep:
    """A network's cycles by rate and latency; predicted, and simulated where that was asked."""

    name: str
    predicted: dict[tuple[int, int], int]
    simulated: dict[tuple[int, int], int]

    def enough(self, latency: int) -> int | None:
        """Return the least rate at which memory makes no great difference."""
        best = min(self.predicted.values())
        fast = [rate for rate in RATES if self.predicted[rate, latency] <= _SLOWER * best]
        return min(fast, default=None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--engine", default="zynq7020")
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--output", type=Path, default=OUTPUT / "bandwidth.svg")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    engine = read_configuration(arguments.engine)
    sweeps = []
    for path in arguments.models:
        graph = bittrue.load(path)
        compiled = compile_graph(graph, engine)
        predicted = {
            (rate, latency): predicted_cycles(compiled, rate, latency)
            for rate in RATES
            for latency in LATENCIES
        }
        found = points(compiled, graph, arguments.engine) if arguments.simulate else {}
        sweep = Sweep(path.stem, predicted, found)
        sweeps.append(sweep)
        for latency in LATENCIES:
            rate = sweep.enough(latency)
            said = "no rate" if rate is None else f"{rate * engine.lanes / _WORD:.1f} bytes a cycle"
            at = predicted[205, latency]
            console.print(f"{path.stem}, latency {latency}: {said} a port; {at:,} cycles at 80 %")
        for (rate, latency), cycles in found.items():
            off = predicted[rate, latency] / cycles - 1
            console.print(f"    {rate}/256, latency {latency}: {cycles:,} simulated, {off:+.1%}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(arguments.output, drawn(sweeps, engine.lanes))
    console.print(f"{arguments.output}")
    return 0


def predicted_cycles(compiled: Compiled, rate: int, latency: int) -> int:
    """Return the predicted cycles of an inference."""
    memory = Memory(latency=latency, efficiency=rate / _WORD)
    every = spans(compiled.program.instructions, compiled.engine, memory)
    return round(max(span.end for span in every))


def points(compiled: Compiled, graph: Graph, device: str) -> dict[tuple[int, int], int]:
    """Return the cycles of one inference in Verilator; everything that is stored is compared."""
    found = {}
    for rate, latency in SIMULATED:
        memory = HostMemory(rate=rate, latency=latency)
        result = simulated(compiled, graph, device, OUTPUT, memory)
        assert result.passed, (result.problems, result.first_difference)
        found[rate, latency] = result.cycles[0]
    return found


def drawn(sweeps: Sequence[Sweep], lanes: int) -> bytes:
    """Return the SVG."""
    with figure(3.6 * len(sweeps), 3.2, columns=len(sweeps)) as (drawing, axes):
        for axis, sweep in zip(axes[0], sweeps, strict=True):
            bytes_a_cycle = np.array(RATES) * lanes / _WORD
            for latency in LATENCIES:
                cycles = [sweep.predicted[rate, latency] for rate in RATES]
                axis.plot(
                    bytes_a_cycle, cycles, _STYLES[latency], color=_COLORS[latency],
                    label=f"latency {latency}",
                )  # fmt: skip
            for (rate, latency), counted in sweep.simulated.items():
                axis.plot([rate * lanes / _WORD], [counted], "o", color=_COLORS[latency])
            axis.set_yscale("log")
            large_numbers(axis.yaxis)
            axis.set_xlabel("bytes a cycle, each port")
            axis.set_ylabel("cycles")
            axis.set_title(sweep.name, loc="left", color=INK)
            grid(axis)
        axes[0][-1].legend(loc="upper right")
        return svg_file(drawing, "engine-bandwidth")


if __name__ == "__main__":
    sys.exit(main())
