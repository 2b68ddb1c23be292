"""The whole engine, built once with memories so small that everything is cut."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.simulation.engine.bench import Bench, HostMemory, build_bench
from bittrue.flows.simulation.engine.compare import StoreObserver, Verdict, compare
from bittrue.golden.engine.configuration import CONFIGURATIONS, EngineConfiguration
from bittrue.golden.engine.execute import Engine
from bittrue.golden.graph import Graph
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.engine import engine as circuit
from bittrue.hdl.printer.rom_files import write_design
from bittrue.hdl.printer.verilog_output import Design, to_verilog

TIGHT = replace(
    CONFIGURATIONS["small"], input_words=160, weight_rows=160, output_words=64, records=32
)
TIGHT_ZYNQ = replace(
    CONFIGURATIONS["zynq7020"], input_words=160, weight_rows=160, output_words=64, records=64
)
"""The array of the engine for a Zynq-7020, with products in pairs, between small memories."""

_MULTIPLIERS = {TIGHT_ZYNQ: Multiplier.PACKED_DSP48E1}
_WORDS = 1 << 16
_CYCLES = 30_000

QUIET = HostMemory()
ROUGH = HostMemory(latency=3, rate=256, stall=90, seed=7)
SLOW = HostMemory(latency=90, rate=60, period=300, pause=40, stall=20, seed=3)


@cache
def design(engine: EngineConfiguration = TIGHT) -> Design:
    """Return the engine's Verilog, made once."""
    multiplier = _MULTIPLIERS.get(engine, Multiplier.DSP)
    return to_verilog(circuit.Engine(engine, multiplier=multiplier), "engine")


def bench(simulator: str, builds: Path, work: Path, engine: EngineConfiguration = TIGHT) -> Bench:
    """Build the engine's bench."""
    return bench_of(design(engine), simulator, builds, work, engine)


def bench_of(
    design: Design, simulator: str, builds: Path, work: Path, engine: EngineConfiguration = TIGHT
) -> Bench:
    """Build the bench of an engine's Verilog, which may be a broken one."""
    source, *_ = write_design(work, design)
    return build_bench(engine, [source], simulator, builds, _WORDS)


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
    names = [layer.name for layer in compiled.layers]
    image = (executed or compiled).image
    return run_image(bench, compiled.image, data, work, memory, image, names)


def run_image(
    bench: Bench,
    image: bytes,
    data: NDArray[np.uint8],
    work: Path,
    memory: HostMemory = QUIET,
    executed: bytes | None = None,
    names: Sequence[str] = (),
    cycles: int = _CYCLES,
) -> Verdict:
    """Compare what the circuit stores with golden's execution of an image.

    Parameters
    ----------
    bench : Bench
    image : bytes
    data : ndarray of uint8
        The data region before.
    work : Path
    memory : HostMemory
    executed : bytes, optional
        What the circuit executes, if it is another one.
    names : sequence of str
        Of the layers.
    cycles : int
        After which an engine that does not end is given up.
    """
    observer = StoreObserver()
    Engine(bench.engine, image, data.copy()).run(observer)
    executed = image if executed is None else executed
    ran = bench.run(executed, data, work, memory, cycles=cycles, timeout=300)
    return compare(ran, observer.stores, bench.engine, executed, names)


def compiled_for(graph: Graph, engine: EngineConfiguration = TIGHT) -> Compiled:
    """Compile a graph for the engine."""
    return compile_graph(graph, engine)
