"""python -m benchmarks.engine_networks: whole networks in the engine's circuit, in Verilator.

    python -m benchmarks.engine_networks MODEL... [--engine zynq7020] [--folder DIR]

One image of random codes for each network, from memory to memory, with the memory that the bench
has by default. A line for each: cycles predicted and simulated, share of the array's peak, what
bounds most of the cycles, bytes that were stored and compared with golden's, and how many differ.
The circuit is built once. Exit status 1 if anything differs.
"""

import argparse
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path

from rich.console import Console

import bittrue
from bittrue.building import random_images
from bittrue.flows.building.engine_folder import verilog_files, write_engine
from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.simulation.engine.bench import HostMemory
from bittrue.flows.simulation.engine.simulate import Result, simulate_program
from bittrue.golden.engine.configuration import EngineConfiguration, read_configuration
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph

OUTPUT = Path("sim_build") / "engine_networks"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--engine", default="zynq7020", help="an engine's name")
    parser.add_argument("--folder", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    engine = read_configuration(arguments.engine)
    failures = 0
    for path in arguments.models:
        began = time.monotonic()
        try:
            graph = bittrue.load(path)
            compiled = compile_graph(graph, engine)
        except UserError as error:
            console.print(f"{path.name} left out: {error}", soft_wrap=True)
            continue
        result = simulated(compiled, graph, arguments.engine, arguments.folder)
        failures += not result.passed
        console.print(
            f"{path.stem}: {line(compiled, result)}, {time.monotonic() - began:.0f} s",
            soft_wrap=True,
        )
        for said in (*result.problems, result.first_difference):
            if said:
                console.print(f"    {said}", style="bold red", soft_wrap=True)
    return int(failures > 0)


def simulated(
    compiled: Compiled,
    graph: Graph,
    device: str,
    folder: Path,
    memory: HostMemory | None = None,
) -> Result:
    """Return what one random image comes to in Verilator.

    Parameters
    ----------
    compiled : Compiled
    graph : Graph
    device : str
        Name of the engine.
    folder : Path
        Where the engine and its builds go.
    memory : HostMemory, optional
    """
    sources = _circuit(compiled.engine, device, folder)
    tensors = Executor(graph).run(random_images(graph, 1, 1), list(graph.tensors))
    builds = folder / "builds"
    return simulate_program(compiled, graph, tensors, sources, "verilator", builds, memory)


@cache
def _circuit(engine: EngineConfiguration, device: str, folder: Path) -> tuple[Path, ...]:
    """Write the engine as it is now; return its Verilog."""
    folder.mkdir(parents=True, exist_ok=True)
    write_engine(folder / device, engine, device)
    return tuple(verilog_files(folder / device))


def line(compiled: Compiled, result: Result) -> str:
    """Return the figures of a network."""
    report = compiled.report
    bounds: Counter[str] = Counter()
    for layer in report.layers:
        bounds[layer.bound] += layer.cycles
    bound, cycles = bounds.most_common(1)[0]
    taken = result.cycles[0]
    return (
        f"{report.cycles:,} cycles predicted, {taken:,} simulated "
        f"({taken / report.cycles - 1:+.1%}), {report.products / taken / report.peak:.1%} of peak, "
        f"{cycles / report.cycles:.0%} of cycles bound by {bound}; {result.compared:,} bytes "
        f"compared, {result.differing} differ"
    )


if __name__ == "__main__":
    sys.exit(main())
