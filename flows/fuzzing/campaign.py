"""Many random networks, compared one after the other, with what was found kept in a folder."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bittrue.flows.fuzzing.case import STALLS, Place
from bittrue.flows.fuzzing.comparison import Circuit, circuit_problems, golden_problem, raised
from bittrue.flows.fuzzing.coverage import Cell, circuit_cells, graph_cells
from bittrue.flows.fuzzing.failure import write_failure
from bittrue.flows.fuzzing.shrink import smallest_circuit, smallest_graph
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.graph import Graph
from bittrue.hdl.network.connections import Connections
from bittrue.hdl.network.spec import NetworkSpec

SIDE_BY_SIDE = 8
"""Circuits in a simulation."""

SLOWEST = 100
"""Cycles between images that circuits keep where they can, so that simulations are short."""

_SAMPLES = 4
_GRAPH_TRIES = 400
_CIRCUIT_TRIES = 40
_LARGEST_TENSOR = 500
"""Elements of a tensor above which a network is not simulated."""

_LONGEST_INTERVAL = 400
"""Cycles between images above which a network is not simulated."""

EQUAL, REFUSED, FAILED = "equal", "refused", "failed"


@dataclass(frozen=True)
class Result:
    """What became of a network.

    Parameters
    ----------
    number : int
    stage : str
        ``golden`` or a simulator.
    result : {"equal", "refused", "failed"}
        Refused is what a reference or a circuit cannot say; nothing was compared then.
    said : str
        Why it was refused, or what is wrong.
    cells : list of combinations
        What was compared; see `flows.fuzzing.coverage`.
    """

    number: int
    stage: str
    result: str
    said: str = ""
    cells: list[Cell] = field(default_factory=list)


@dataclass(frozen=True)
class Campaign:
    """Networks by their numbers.

    Parameters
    ----------
    seed : int
    folder : Path
        Where results are kept; what is equal there is not compared again.
    simulators : sequence of str
    shrinks : bool
        Whether what fails is made smaller.
    """

    seed: int
    folder: Path
    simulators: Sequence[str]
    shrinks: bool = True

    @property
    def _log(self) -> Path:
        return self.folder / f"seed-{self.seed}.jsonl"

    def known(self) -> dict[tuple[int, str], Result]:
        """Return what was found in this folder, by number and stage; failures are forgotten."""
        found: dict[tuple[int, str], Result] = {}
        lines = self._log.read_text().splitlines() if self._log.is_file() else []
        for line in lines:
            try:
                result = Result(**json.loads(line))
            except (ValueError, TypeError):
                continue  # The end of a line that was not written whole.
            if result.result == FAILED:
                found.pop((result.number, result.stage), None)
            else:
                found[result.number, result.stage] = result
        return found

    def run(self, golden: Sequence[int], simulated: Sequence[int]) -> Iterator[Result]:
        """Compare networks, first all in golden, then some in simulators; yield each result.

        Parameters
        ----------
        golden, simulated : sequence of int
            Numbers of networks.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        known = self.known()
        for number in golden:
            result = known.get((number, "golden")) or self._kept(self._golden(number))
            yield result
        for simulator in self.simulators:
            left = [number for number in simulated if (number, simulator) not in known]
            yield from (known[n, simulator] for n in simulated if (n, simulator) in known)
            for start in range(0, len(left), SIDE_BY_SIDE):
                batch = left[start : start + SIDE_BY_SIDE]
                for result in self._simulated(batch, simulator):
                    yield self._kept(result)

    def _kept(self, result: Result) -> Result:
        with self._log.open("a") as log:
            log.write(json.dumps(asdict(result)) + "\n")
        return result

    def _golden(self, number: int) -> Result:
        place = Place(self.seed, number)
        optimized = bool(number % 2)

        def problem(graph: Graph) -> str:
            return golden_problem(graph, place.codes(graph, _SAMPLES), optimized)

        try:
            graph = place.graph()
            said = problem(graph)
        except UserError as error:
            return Result(number, "golden", REFUSED, str(error))
        except ExecutionError:
            raise
        except Exception as error:
            return Result(number, "golden", FAILED, raised(error))
        if not said:
            return Result(number, "golden", EQUAL, cells=graph_cells(graph))
        if self.shrinks:
            graph = smallest_graph(graph, _unless_refused(problem), _GRAPH_TRIES)
            said = problem(graph)
        path = self.folder / f"seed-{self.seed}-{number}.bittrue"
        write_failure(path, graph, said)
        return Result(number, "golden", FAILED, f"{said}; {path}")

    def _simulated(self, numbers: Sequence[int], simulator: str) -> Iterator[Result]:
        circuits: dict[str, Circuit] = {}
        cells: dict[str, list[Cell]] = {}
        for number in numbers:
            place = Place(self.seed, number)
            try:
                graph = place.graph()
                _require_small(graph)
                spec = place.spec(graph, SLOWEST)
                _require_quick(spec)
            except UserError as error:
                yield Result(number, simulator, REFUSED, str(error))
                continue
            except Exception as error:
                yield Result(number, simulator, FAILED, raised(error))
                continue
            name = f"n{number}"
            seed = int(place.random(4).integers(1 << 31))
            circuits[name] = Circuit(spec, STALLS[place.stall], seed)
            cells[name] = circuit_cells(spec, place.stall)
        builds = self.folder / "builds"
        problems = circuit_problems(circuits, simulator, builds) if circuits else {}
        for name, circuit in circuits.items():
            number = int(name[1:])
            if name not in problems:
                yield Result(number, simulator, EQUAL, cells=cells[name])
                continue
            said = self._failure(number, circuit, simulator, problems[name])
            yield Result(number, simulator, FAILED, said)
        for build in builds.glob("fuzzed-*"):
            if build.is_dir() and not build.is_symlink():
                shutil.rmtree(build, ignore_errors=True)

    def _failure(self, number: int, circuit: Circuit, simulator: str, said: str) -> str:
        """Write what fails, as small as it can be made; return what is wrong with it and where."""
        builds = self.folder / "builds"

        def problem(smaller: Circuit) -> str:
            found = circuit_problems({"small": smaller}, simulator, builds)
            return found.get("small", "")

        if self.shrinks:
            circuit = smallest_circuit(circuit, lambda each: bool(problem(each)), _CIRCUIT_TRIES)
            said = problem(circuit) or said
        path = self.folder / f"seed-{self.seed}-{number}-{simulator}.bittrue"
        write_failure(path, circuit.spec.graph, said, circuit)
        return f"{said}; {path}"


def _unless_refused(problem: Callable[[Graph], str]) -> Callable[[Graph], bool]:
    def fails(graph: Graph) -> bool:
        try:
            return bool(problem(graph))
        except UserError:
            return False

    return fails


def _require_small(graph: Graph) -> None:
    largest = max(tensor.elements for tensor in graph.tensors.values())
    if largest > _LARGEST_TENSOR:
        raise UserError(f"a tensor of {largest} elements takes long to simulate")


def _require_quick(spec: NetworkSpec) -> None:
    if not spec.layers:
        raise UserError("there is no layer that has a circuit")
    cycles = Connections(spec).interval
    if cycles > _LONGEST_INTERVAL:
        raise UserError(f"{cycles} cycles an image take long to simulate")


@dataclass
class Summary:
    """Results, counted.

    Attributes
    ----------
    counts : dict of str to Counter
        Of results, by stage.
    failures : list of Result
    refusals : Counter
        Of reasons, by stage and beginning.
    graphs, circuits : Counter
        Of the combinations that were compared.
    seconds : float
    """

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Result] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    graphs: Counter[Cell] = field(default_factory=Counter)
    circuits: Counter[Cell] = field(default_factory=Counter)
    seconds: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    def add(self, result: Result) -> None:
        """Count a result."""
        self.counts.setdefault(result.stage, Counter())[result.result] += 1
        if result.result == FAILED:
            self.failures.append(result)
        if result.result == REFUSED:
            self.refusals[result.stage] += 1
        seen = self.graphs if result.stage == "golden" else self.circuits
        seen.update(tuple(cell) for cell in result.cells)
        self.seconds = time.monotonic() - self._began

    def record(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "counts": {stage: dict(counts) for stage, counts in self.counts.items()},
            "failures": [asdict(result) for result in self.failures],
            "seconds": round(self.seconds, 1),
        }
