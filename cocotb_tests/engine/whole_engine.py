"""The whole engine, built once with memories so small that everything is cut."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.simulation.engine.bench import Bench, HostMemory, build_bench
from bittrue.flows.simulation.engine.compare import StoreObserver, Verdict, compare
from bittrue.golden.engine.configuration import CONFIGURATIONS
from bittrue.golden.engine.execute import Engine
from bittrue.golden.graph import Graph
from bittrue.hdl.engine import engine as circuit
from bittrue.hdl.printer.rom_files import write_design
from bittrue.hdl.printer.verilog_output import Design, to_verilog

TIGHT = replace(
    CONFIGURATIONS["small"], input_words=160, weight_rows=160, output_words=64, records=32
)
_WORDS = 1 << 14

QUIET = HostMemory()
ROUGH = HostMemory(latency=3, rate=256, stall=90, seed=7)
SLOW = HostMemory(latency=90, rate=60, period=300, pause=40, stall=20, seed=3)


@cache
def design() -> Design:
    """Return the engine's Verilog, made once."""
    return to_verilog(circuit.Engine(TIGHT), "engine")


def bench(simulator: str, builds: Path, work: Path) -> Bench:
    """Build the engine's bench."""
    source, *_ = write_design(work, design())
    return build_bench(TIGHT, [source], simulator, builds, _WORDS)


def random_data(compiled: Compiled, seed: int) -> NDArray[np.uint8]:
    """Return a data region with any bytes, inputs among them."""
    size = compiled.program.needs.data_bytes
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def run(
    bench: Bench,
    compiled: Compiled,
    data: NDArray[np.uint8],
    work: Path,
    memory: HostMemory = QUIET,
    executed: Compiled | None = None,
) -> Verdict:
    """Compare what the circuit stores with golden, of another program if one is given."""
    observer = StoreObserver()
    Engine(TIGHT, compiled.image, data.copy()).run(observer)
    image = (executed or compiled).image
    ran = bench.run(image, data, work, memory, cycles=30_000, timeout=300)
    names = [layer.name for layer in compiled.layers]
    return compare(ran, observer.stores, TIGHT, image, names)


def compiled_for(graph: Graph) -> Compiled:
    """Compile a graph for the engine."""
    return compile_graph(graph, TIGHT)
