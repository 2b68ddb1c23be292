"""Scenarios for a circuit, and the verdict on what the circuit made of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Outcome, Run, WaveWindow
from bittrue.flows.simulation.bench.payload import Columns
from bittrue.golden.numbers.arrays import Int64

WAVE_MARGIN = 100
"""Cycles recorded before and after the first difference."""


@dataclass(frozen=True)
class Scenario:
    """A run of a circuit with what must come out of it.

    Parameters
    ----------
    name : str
        Shown in reports.
    run : Run
        What the bench does.
    expected : mapping of str to Columns
        Every beat of each output stream. A run that is cut off is compared as far as it got.
    cycles : mapping of str to ndarray of int64
        For streams whose timing is part of the promise: the cycle of each output beat. The first
        cycle in which an input can be taken is cycle 1.
    describe : callable, or mapping of str to callable
        Beat number to a description of the element, such as its layer, pixel and channel; by
        output stream where they differ.
    """

    name: str
    run: Run
    expected: Mapping[str, Columns]
    cycles: Mapping[str, Int64] = field(default_factory=dict)
    describe: Callable[[int], str] | Mapping[str, Callable[[int], str]] = "beat {}".format

    def element(self, stream: str, beat: int) -> str:
        """Return the description of a beat of an output stream."""
        describe = self.describe
        return describe[stream](beat) if isinstance(describe, Mapping) else describe(beat)


@dataclass(frozen=True)
class Difference:
    """The first wrong element of a run."""

    scenario: str
    element: str
    stream: str
    field: str
    beat: int
    expected: int
    got: int
    cycle: int
    inputs: dict[str, int]

    def __str__(self) -> str:
        inputs = ", ".join(f"{name or 'payload'} {value}" for name, value in self.inputs.items())
        field_name = f"{self.stream}.{self.field}" if self.field else self.stream
        return (
            f"{self.element}: {field_name} is {self.got}, expected "
            f"{self.expected}, at cycle {self.cycle}" + (f" (input: {inputs})" if inputs else "")
        )


@dataclass
class ScenarioVerdict:
    """How many output elements a scenario compared, and what was wrong."""

    compared: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """What a comparison found, over all scenarios.

    Attributes
    ----------
    unit, simulator, seed
        What was compared, where, and from which seed.
    compared, differing : int
        Output elements.
    problems : list of str
        One line for each thing wrong: differences, missing or surplus beats, broken protocol,
        wrong timing, a hung run.
    first_difference : Difference or None
        The first wrong element of the first scenario that has one.
    scenarios : dict of str to ScenarioVerdict
        By name.

    Examples
    --------
    >>> import bittrue
    >>> verdict = bittrue.Verdict("adder", "icarus", seed=1)
    >>> print(verdict)
    FAILED: adder: 0 outputs compared, 0 differed, on icarus (seed 1)
    """

    unit: str
    simulator: str
    seed: int
    compared: int = 0
    differing: int = 0
    problems: list[str] = field(default_factory=list)
    first_difference: Difference | None = None
    scenarios: dict[str, ScenarioVerdict] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether something was compared and nothing was wrong."""
        return self.compared > 0 and not self.problems

    def __str__(self) -> str:
        state = "" if self.passed else "FAILED: "
        return (
            f"{state}{self.unit}: {self.compared} outputs compared, {self.differing} differed, "
            f"on {self.simulator} (seed {self.seed})"
        )

    def write(self, folder: Path) -> None:
        """Write ``verdict.json`` and ``junit.xml``, a test case for each scenario."""
        record = asdict(self) | {"passed": self.passed}
        (folder / "verdict.json").write_text(json.dumps(record, indent=2) + "\n")
        failed = [name for name, record in self.scenarios.items() if record.problems]
        suite = ElementTree.Element(
            "testsuite",
            name=f"{self.unit}.{self.simulator}",
            tests=str(len(self.scenarios)),
            failures=str(len(failed)),
        )
        for name, each in self.scenarios.items():
            case = ElementTree.SubElement(suite, "testcase", classname=self.unit, name=name)
            for problem in each.problems:
                ElementTree.SubElement(case, "failure", message=problem)
        root = ElementTree.Element("testsuites")
        root.append(suite)
        ElementTree.ElementTree(root).write(folder / "junit.xml", encoding="unicode")


def judge(
    cosimulation: Cosimulation, scenarios: Sequence[Scenario], seed: int, work: Path
) -> Verdict:
    """Run every scenario on a circuit and compare every beat, exactly.

    Parameters
    ----------
    cosimulation : Cosimulation
        The circuit and its simulator.
    scenarios : sequence of Scenario
        Carried out in this order, in one simulation.
    seed : int
        From which the scenarios were made; recorded.
    work : Path
        Working directory; receives ``verdict.json`` and ``junit.xml`` as well.

    Returns
    -------
    Verdict
        Not passed when nothing was compared.
    """
    names = [scenario.name for scenario in scenarios]
    if len(set(names)) != len(names):
        raise ValueError(f"scenarios share a name: {names}")
    outcomes = cosimulation.run([scenario.run for scenario in scenarios], work)
    verdict = compare(cosimulation, scenarios, outcomes, seed)
    verdict.write(work)
    return verdict


def compare(
    cosimulation: Cosimulation,
    scenarios: Sequence[Scenario],
    outcomes: Sequence[Outcome],
    seed: int,
) -> Verdict:
    """Compare what a circuit did in each scenario with what it should have done; see `judge`."""
    verdict = Verdict(cosimulation.design.top, cosimulation.simulator, seed)
    for scenario, outcome in zip(scenarios, outcomes, strict=True):
        before = verdict.compared
        problems = _protocol_problems(scenario, outcome)
        for name in scenario.expected:
            problems += _compare_stream(verdict, scenario, outcome, name)
        verdict.scenarios[scenario.name] = ScenarioVerdict(verdict.compared - before, problems)
        verdict.problems += [f"{scenario.name}: {problem}" for problem in problems]
    if verdict.compared == 0:
        verdict.problems.append("nothing was compared")
    return verdict


def _protocol_problems(scenario: Scenario, outcome: Outcome) -> list[str]:
    problems = []
    run = scenario.run
    if outcome.hung:
        passed = ", ".join(f"{name} {count}" for name, count in outcome.taken.items())
        problems.append(f"hung after {outcome.duration} cycles; beats passed: {passed}")
    for name, expected in run.outputs.items():
        got = outcome.taken[name]
        if got > expected or (got < expected and not run.stop_after):
            problems.append(f"output {name} delivered {got} beats instead of {expected}")
    for name, count in outcome.violations.items():
        if count:
            problems.append(f"output {name} changed or withdrew a waiting beat {count} times")
    for name, count in outcome.unknowns.items():
        if count:
            problems.append(f"output {name} was unknown in {count} cycles")
    return problems


def _compare_stream(verdict: Verdict, scenario: Scenario, outcome: Outcome, name: str) -> list[str]:
    expected, got = scenario.expected[name], outcome.outputs[name]
    beats = len(outcome.cycles[name])
    wrong = np.zeros(beats, dtype=bool)
    for key, values in got.items():
        mismatch = values != np.asarray(expected[key])[:beats]
        verdict.compared += beats
        verdict.differing += int(mismatch.sum())
        wrong |= mismatch
    problems = []
    if wrong.any():
        first = _first_difference(scenario, outcome, name, int(wrong.argmax()))
        verdict.first_difference = verdict.first_difference or first
        problems.append(f"{int(wrong.sum())} of {beats} beats of {name} differ, first {first}")
    if name in scenario.cycles:
        late = outcome.cycles[name] != scenario.cycles[name][:beats]
        if late.any():
            beat = int(late.argmax())
            problems.append(
                f"beat {beat} of {name} came at cycle {outcome.cycles[name][beat]} instead of "
                f"{scenario.cycles[name][beat]}"
            )
    return problems


def _first_difference(scenario: Scenario, outcome: Outcome, name: str, beat: int) -> Difference:
    expected, got = scenario.expected[name], outcome.outputs[name]
    key = next(key for key in got if got[key][beat] != expected[key][beat])
    inputs: dict[str, int] = {}
    for columns in scenario.run.inputs.values():
        if len(next(iter(columns.values()))) == scenario.run.outputs[name]:  # One in, one out.
            inputs |= {field: int(values[beat]) for field, values in columns.items()}
    return Difference(
        scenario=scenario.name,
        element=scenario.element(name, beat),
        stream=name,
        field=key,
        beat=beat,
        expected=int(expected[key][beat]),
        got=int(got[key][beat]),
        cycle=int(outcome.cycles[name][beat]),
        inputs=inputs,
    )


def record_waves(
    cosimulation: Cosimulation, scenarios: Sequence[Scenario], verdict: Verdict, work: Path
) -> Path:
    """Run scenarios again and record the cycles around the first difference.

    Without a difference, the beginning of the first scenario.

    Returns
    -------
    Path
        The waves, a VCD file.
    """
    last, window = 0, WaveWindow(0, 2 * WAVE_MARGIN)
    if verdict.first_difference:
        last = [scenario.name for scenario in scenarios].index(verdict.first_difference.scenario)
        cycle = verdict.first_difference.cycle
        window = WaveWindow(max(cycle - WAVE_MARGIN, 0), cycle + WAVE_MARGIN)
    runs = [scenario.run for scenario in scenarios[: last + 1]]
    replace(cosimulation, waves=True).run(runs, work, recorded=window)
    return work / "waves.vcd"
