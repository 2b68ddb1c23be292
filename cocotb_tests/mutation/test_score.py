"""Mutants of a small unit: what becomes of them, and survivors where scenarios are too few."""

from pathlib import Path

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.units import find_unit
from bittrue.hdl.printer.verilog_output import Design, to_verilog
from cocotb_tests.mutation.netlist import mutate
from cocotb_tests.mutation.score import (
    BROKEN,
    EQUIVALENT,
    HUNG,
    KILLED,
    PASSED,
    SURVIVED,
    UNDECIDED,
    Sample,
    Score,
)
from cocotb_tests.scenarios import scenarios_of

SAMPLE = ("fifo", ("depth=4", "lanes=1", "kind=uint2"), 16, 1)


def fifo() -> tuple[Design, list[Scenario]]:
    """Return the Verilog and the scenarios of the sample's unit."""
    unit = find_unit("fifo")
    parameters = unit.parse(SAMPLE[1])
    component = unit.build(**parameters)
    scenarios = scenarios_of("fifo", component, parameters, 1, quick=True)
    return to_verilog(component, "fifo"), scenarios


def begun(score: Score) -> Score:
    """Return a score without what earlier tests left of it."""
    score.path.unlink(missing_ok=True)
    score.results.clear()
    return score


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    design, _ = fifo()
    first, again, other = (mutate(design, 12, seed).mutants for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert len({mutant.options for mutant in first}) == len(first) == 12


def test_mutants_are_killed_or_equivalent_and_not_tried_twice(builds: Path) -> None:
    score = begun(Score(Sample(*SAMPLE, builds)))
    list(score.simulate())
    list(score.prove(100))
    counts = score.counts
    assert counts.total() == 16
    assert counts[KILLED] >= 5
    assert counts[HUNG] >= 1
    assert counts[EQUIVALENT] >= 1
    assert counts[SURVIVED] == counts[UNDECIDED] == counts[BROKEN] == 0
    again = Score(Sample(*SAMPLE, builds))
    assert again.results == score.results
    assert list(again.simulate()) == []
    equivalent = {n for n, result in score.results.items() if result == EQUIVALENT}
    assert survives_at_full_speed(equivalent, builds)


def survives_at_full_speed(equivalent: set[int], builds: Path) -> bool:
    """Negative control: at full speed alone the FIFO is never full; what overruns it passes.

    In one test with the others' results, as tests may run in several processes.
    """
    _, scenarios = fifo()
    score = begun(Score(Sample(*SAMPLE, builds), scenarios[:1]))
    list(score.simulate())
    passed = {number for number, result in score.results.items() if result == PASSED}
    first = min(passed - equivalent)
    score.results = {n: r if n == first else KILLED for n, r in score.results.items()}
    proved = [mutant.number for mutant in score.prove(100)]
    return proved == [first] and score.results[first] == SURVIVED
