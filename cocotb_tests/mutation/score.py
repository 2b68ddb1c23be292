"""A sample of a unit's mutants, and what became of each."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bittrue.flows.formal.reachability import LOOP, PROVED, REFUTED
from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Outcome, Run
from bittrue.flows.simulation.bench.scenario import Scenario, compare
from bittrue.flows.simulation.simulators.build_once import digest
from bittrue.flows.simulation.simulators.run import SimulationError
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.flows.units import find_unit
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.mutation.equivalence import prove_equivalent
from cocotb_tests.mutation.netlist import SELECT, Mutant, Mutated, mutate, with_select
from cocotb_tests.scenarios import scenarios_of

KILLED, HUNG, EQUIVALENT, UNDECIDED, SURVIVED, BROKEN = CLASSES = (
    "killed",
    "hung",
    "equivalent",
    "undecided",
    "survived",
    "loop",
)
"""What becomes of a mutant. A hang is a kill; a combinational loop is counted apart."""

PASSED = "passed"
"""Every scenario, and not tried for equivalence yet."""

_SIMULATOR = "verilator"
"""One build of it holds every mutant; unknown bits, which it has not, are no kills."""

_PATIENCE = 1_000
"""Cycles without a beat after which a mutant hangs; the circuit itself has to need fewer."""

_AT_ONCE = 30
"""Mutants in a simulation."""

_TIMEOUT = 300
"""Seconds for a simulation; a combinational loop may spin for ever."""


@dataclass(frozen=True)
class Sample:
    """Which mutants of which unit, and where results are kept.

    Parameters
    ----------
    unit : str
    words : tuple of str
        Its parameters, ``name=value``.
    count, seed : int
        Of the mutants.
    folder : Path
        Of builds and results.
    """

    unit: str
    words: tuple[str, ...]
    count: int
    seed: int
    folder: Path

    @property
    def title(self) -> str:
        """The unit with its parameters."""
        return " ".join([self.unit, *self.words])


class Score:
    """What becomes of the mutants of a sample.

    Parameters
    ----------
    sample : Sample
    scenarios : sequence of Scenario, optional
        The unit's own quick ones by default.

    Attributes
    ----------
    mutated : Mutated
    results : dict of int to str
        A class of `CLASSES` or `PASSED` for each mutant that is known so far; kept in a file named
        by the mutated netlist and the scenarios, so that what is there is not done again.
    path : Path
        The file.
    """

    def __init__(self, sample: Sample, scenarios: Sequence[Scenario] | None = None) -> None:
        unit = find_unit(sample.unit)
        parameters = unit.parse(sample.words)
        component = unit.build(**parameters)
        if scenarios is None:
            scenarios = scenarios_of(sample.unit, component, parameters, 1, quick=True)
        self._scenarios = [
            replace(each, run=replace(each.run, patience=_PATIENCE)) for each in scenarios
        ]
        self._sample = sample
        design = to_verilog(component, sample.unit, unit.texts(sample.words))
        self.mutated: Mutated = mutate(design, sample.count, sample.seed)
        self._cosimulation = Cosimulation(
            with_select(component),
            self.mutated.design,
            _SIMULATOR,
            sample.folder,
            optimisation="-O0",
        )
        key = digest([self.mutated.design.verilog, *map(_told, self._scenarios)])
        self.path = sample.folder / f"{sample.unit}-{sample.seed}-{key}.json"
        self.results = self._known()

    def simulate(self) -> Iterator[int]:
        """Simulate what has not been yet; yield how many mutants are known, from time to time."""
        left = [each for each in self.mutated.mutants if each.number not in self.results]
        limits = self._limits() if left else []
        for start in range(0, len(left), _AT_ONCE):
            self.results |= self._simulated(left[start : start + _AT_ONCE], limits)
            self._keep()
            yield len(self.results)

    def prove(self, seconds: float) -> Iterator[Mutant]:
        """Try what passed for equivalence, and again what was undecided; yield each then."""
        classes = {PROVED: EQUIVALENT, REFUTED: SURVIVED, LOOP: BROKEN}
        for mutant in self.mutated.mutants:
            if self.results[mutant.number] in (PASSED, UNDECIDED):
                found = prove_equivalent(self.mutated.design, mutant, seconds)
                self.results[mutant.number] = classes.get(found.result, UNDECIDED)
                self._keep()
                yield mutant

    @property
    def counts(self) -> Counter[str]:
        """How many mutants are of each class."""
        return Counter(self.results.values())

    def _limits(self) -> list[int]:
        """Return after how many cycles a mutant hangs in each scenario, from the circuit itself.

        Beats may go on for ever where nobody counts them any more.
        """
        outcomes = self._run([each.run for each in self._scenarios])
        verdict = compare(self._cosimulation, self._scenarios, outcomes, 1)
        if not verdict.passed:
            raise UserError(
                f"{self._sample.title} does not pass its own scenarios: {verdict.problems[0]}"
            )
        return [
            each.run.stop_after or 2 * outcome.duration + _PATIENCE
            for each, outcome in zip(self._scenarios, outcomes, strict=True)
        ]

    def _simulated(self, mutants: Sequence[Mutant], limits: Sequence[int]) -> dict[int, str]:
        """Return what becomes of mutants; those that no simulation can hold are halved off."""
        runs = [
            replace(
                each.run, controls={**each.run.controls, SELECT: mutant.number}, stop_after=limit
            )
            for mutant in mutants
            for each, limit in zip(self._scenarios, limits, strict=True)
        ]
        try:
            outcomes = self._run(runs)
        except SimulationError:
            if len(mutants) == 1:
                return {mutants[0].number: BROKEN}
            half = len(mutants) // 2
            first = self._simulated(mutants[:half], limits)
            return first | self._simulated(mutants[half:], limits)
        count = len(self._scenarios)
        return {
            mutant.number: self._judged(outcomes[place * count : (place + 1) * count])
            for place, mutant in enumerate(mutants)
        }

    def _run(self, runs: Sequence[Run]) -> list[Outcome]:
        with run_folder(self._sample.folder / f"{self._sample.unit}-{_SIMULATOR}") as work:
            return self._cosimulation.run(runs, work, _TIMEOUT)

    def _judged(self, outcomes: Sequence[Outcome]) -> str:
        for scenario, outcome in zip(self._scenarios, outcomes, strict=True):
            missing = any(outcome.taken[name] < n for name, n in scenario.run.outputs.items())
            if outcome.hung or (missing and not scenario.run.stop_after):
                return HUNG
        verdict = compare(self._cosimulation, self._scenarios, outcomes, 1)
        return PASSED if verdict.passed else KILLED

    def _known(self) -> dict[int, str]:
        try:
            kept = json.loads(self.path.read_text())["results"]
            return {int(number): str(result) for number, result in kept.items()}
        except (OSError, ValueError, KeyError, AttributeError):
            return {}

    def _keep(self) -> None:
        self._sample.folder.mkdir(parents=True, exist_ok=True)
        places = {each.number: each.place for each in self.mutated.mutants}
        content = {"unit": self._sample.title, "results": self.results, "places": places}
        write_atomically(self.path, f"{json.dumps(content, indent=1)}\n".encode())


def _told(scenario: Scenario) -> str:
    """Return what a scenario does and expects, as a text that differs where it does."""
    run = scenario.run
    columns = [*run.inputs.values(), *scenario.expected.values(), scenario.cycles]
    numbers = [f"{key}{list(values)}" for each in columns for key, values in each.items()]
    return f"{scenario.name}{run.stall}{run.controls}{run.seed}{run.reset}{run.stop_after}{numbers}"
