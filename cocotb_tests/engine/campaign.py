"""Random programs and random networks in one engine, by number: what each came to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from bittrue.building import random_images
from bittrue.flows.engine.check import compare_layers, data_before
from bittrue.flows.fuzzing.case import Place
from bittrue.flows.simulation.engine.bench import Bench
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph
from cocotb_tests.engine.random_programs import random_memory, random_program
from cocotb_tests.engine.whole_engine import compiled_for, run_image
from cocotb_tests.network.random_networks import random_network

_CYCLES = 200_000
"""After which an engine that does not end is given up."""

_LARGEST_TENSOR = 2_000
_MOST_CYCLES = 40_000
"""Predicted, above which a network is left out."""


class Source(Enum):
    """Where what is executed comes from."""

    PROGRAMS = "programs"
    """Instructions without a network: `random_programs.random_program`."""

    NETWORKS = "networks"
    """`cocotb_tests.network.random_networks.random_network`, compiled."""

    GRAPHS = "graphs"
    """Those of `bittrue fuzz`, compiled; the engine refuses many: wide codes, other operators."""


@dataclass(frozen=True)
class Outcome:
    """What became of a number.

    Parameters
    ----------
    number : int
    compared : int
        Bytes that were stored and compared; 0 if it was refused.
    refused : str
        Why, if it was.
    problem : str
        What is wrong, if anything is.
    """

    number: int
    compared: int = 0
    refused: str = ""
    problem: str = ""


def outcomes(
    bench: Bench, source: Source, seed: int, numbers: range, work: Path
) -> Iterator[Outcome]:
    """Execute what each number stands for in golden and in the circuit, and compare.

    Networks are compared three times: the graph with the program in golden, tensor by tensor, and
    that with the circuit, word by word.

    Parameters
    ----------
    bench : Bench
    source : Source
    seed, numbers : int, range
        Of these follow programs, networks, contents, and how memory behaves.
    work : Path
        Folder of runs.
    """
    for number in numbers:
        try:
            yield _KINDS[source](bench, seed, number, work)
        except UserError as error:
            yield Outcome(number, refused=str(error))
        except ExecutionError as error:
            yield Outcome(number, problem=str(error))


def _seed(seed: int, number: int) -> int:
    return int(np.random.default_rng([seed, number]).integers(1 << 30))


def _program(bench: Bench, seed: int, number: int, work: Path) -> Outcome:
    own = _seed(seed, number)
    program = random_program(bench.engine, own)
    return _executed(bench, program.image, program.data, own, number, work)


def _network(bench: Bench, seed: int, number: int, work: Path) -> Outcome:
    return _compiled(bench, random_network(_seed(seed, number)), seed, number, work)


def _graph(bench: Bench, seed: int, number: int, work: Path) -> Outcome:
    graph = Place(seed, number).graph()
    if max(tensor.elements for tensor in graph.tensors.values()) > _LARGEST_TENSOR:
        raise UserError("a tensor takes long to simulate")
    return _compiled(bench, graph, seed, number, work)


def _compiled(bench: Bench, graph: Graph, seed: int, number: int, work: Path) -> Outcome:
    own = _seed(seed, number)
    compiled = compiled_for(graph, bench.engine)
    if compiled.report.cycles > _MOST_CYCLES:
        raise UserError("it takes long to simulate")
    tensors = Executor(graph).run(random_images(graph, 1, own), list(graph.tensors))
    compared = compare_layers(compiled, graph, tensors)
    if not compared.passed:
        return Outcome(number, problem=f"golden: {compared.first or 'nothing was compared'}")
    data = data_before(compiled, tensors, 0)
    names = [layer.name for layer in compiled.layers]
    return _executed(bench, compiled.image, data, own, number, work, names)


def _executed(
    bench: Bench,
    image: bytes,
    data: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]",
    seed: int,
    number: int,
    work: Path,
    names: list[str] | None = None,
) -> Outcome:
    with run_folder(work / "engine") as folder:
        verdict = run_image(
            bench, image, data, folder, random_memory(seed), names=names or (), cycles=_CYCLES
        )
    said = "; ".join([*verdict.problems, verdict.first_difference]) if not verdict.passed else ""
    return Outcome(number, verdict.compared, problem=said)


_KINDS: dict[Source, Callable[[Bench, int, int, Path], Outcome]] = {
    Source.PROGRAMS: _program,
    Source.NETWORKS: _network,
    Source.GRAPHS: _graph,
}
