"""A network's program in the circuit, compared with golden: every byte that it stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.check import compare_layers, data_before
from bittrue.flows.engine.compile import Compiled
from bittrue.flows.simulation.engine.bench import (
    HostMemory,
    Run,
    build_bench,
    needed_words,
    place_of_data,
)
from bittrue.flows.simulation.engine.compare import StoreObserver, compare, layer_ends
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.graph import Graph

Codes = NDArray[np.integer]

_WORDS = {"verilator": 1 << 24, "icarus": 1 << 12}
"""Of the bench's memory at least, so that few programs need a build of their own."""

_PATIENCE = 20
"""Times the predicted cycles after which an engine is given up."""


@dataclass(frozen=True)
class LayerCycles:
    """One layer's share of an inference, from the end of the layer before it to its own.

    Parameters
    ----------
    name, title : str
    products : int
        Multiplications of the network.
    predicted, simulated : int
        Cycles.
    """

    name: str
    title: str
    products: int
    predicted: int
    simulated: int


@dataclass(frozen=True)
class Result:
    """What came of samples.

    Parameters
    ----------
    outputs : dict of str to ndarray of integers, shape (samples, *shape)
        Codes that the circuit left in memory, right or wrong.
    compared, differing : int
        Bytes that were stored.
    problems : list of str
        What else is wrong, a line each.
    first_difference : str
        Sample, layer, tile and instruction; empty if nothing differs.
    predicted : int
        Cycles of one inference.
    cycles : list of int
        Of each sample.
    layers : list of LayerCycles
        Of the first sample; empty if it did not end.
    registers : dict of str to int
        After the first sample.
    """

    outputs: dict[str, Codes]
    compared: int
    differing: int
    problems: list[str]
    first_difference: str
    predicted: int
    cycles: list[int]
    layers: list[LayerCycles]
    registers: dict[str, int]

    @property
    def passed(self) -> bool:
        """Whether bytes were compared, all were equal, and nothing else was wrong."""
        return self.compared > 0 and not self.differing and not self.problems


def simulate_program(
    compiled: Compiled,
    graph: Graph,
    tensors: Mapping[str, Codes],
    sources: Sequence[Path],
    simulator: str,
    builds: Path,
    memory: HostMemory | None = None,
) -> Result:
    """Run a program in the circuit, once for each sample.

    Every word that is stored, its place and the order are compared with golden's execution of the
    program, and that with the graph's own, tensor by tensor.

    Parameters
    ----------
    compiled : Compiled
    graph : Graph
    tensors : mapping of str to ndarray of integers, shape (samples, *shape)
        Every tensor of the graph, as its own execution has it.
    sources : sequence of Path
        The engine's Verilog.
    simulator : {"verilator", "icarus"}
    builds : Path
        Folder of builds and runs.
    memory : HostMemory, optional

    Raises
    ------
    ExecutionError
        If the simulator fails.
    """
    size = needed_words(len(compiled.image), compiled.program.needs.data_bytes, compiled.engine)
    bench = build_bench(compiled.engine, sources, simulator, builds, max(size, _WORDS[simulator]))
    names = [layer.name for layer in compiled.layers]
    samples = len(next(iter(tensors.values())))
    outputs: dict[str, list[Codes]] = {end.name: [] for end in compiled.outputs}
    problems: list[str] = []
    compared = differing = 0
    cycles: list[int] = []
    first = ""
    layers: list[LayerCycles] = []
    registers: dict[str, int] = {}
    patience = _PATIENCE * (compiled.report.cycles + 10_000)
    for sample in range(samples):
        observer = StoreObserver()
        checked = compare_layers(compiled, graph, tensors, sample, observer)
        if not checked.passed:
            problems.append(f"sample {sample}: golden's program differs: {checked.first}")
        data = data_before(compiled, tensors, sample)
        with run_folder(builds / "engine") as work:
            run = bench.run(compiled.image, data, work, memory, cycles=patience)
        verdict = compare(run, observer.stores, compiled.engine, compiled.image, names)
        compared += verdict.compared
        differing += verdict.differing
        problems += [f"sample {sample}: {problem}" for problem in verdict.problems]
        if verdict.first_difference and not first:
            first = f"sample {sample}, {verdict.first_difference}"
        after = _written(run, data, place_of_data(len(compiled.image), compiled.engine.lanes))
        for end in compiled.outputs:
            outputs[end.name].append(end.read(after))
        cycles.append(run.registers["cycles_low"] | run.registers["cycles_high"] << 32)
        if not sample:
            registers = run.registers
            layers = [] if verdict.problems else _by_layer(compiled, run)
    return Result(
        {name: np.stack(codes) for name, codes in outputs.items()},
        compared,
        differing,
        problems,
        first,
        compiled.report.cycles,
        cycles,
        layers,
        registers,
    )


def _written(run: Run, data: NDArray[np.uint8], base: int) -> NDArray[np.uint8]:
    """Return the data region after a run."""
    after = data.copy()
    for address, word in run.writes:
        place = address - base
        if 0 <= place <= len(after) - len(word):
            after[place : place + len(word)] = np.frombuffer(word, np.uint8)
    return after


def _by_layer(compiled: Compiled, run: Run) -> list[LayerCycles]:
    ends = layer_ends(run, compiled.program.instructions, len(compiled.layers))
    return [
        LayerCycles(each.name, each.title, each.products, each.cycles, end - before)
        for each, before, end in zip(compiled.report.layers, [0, *ends], ends, strict=False)
    ]
