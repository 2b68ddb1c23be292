"""Mutants of a small unit: what becomes of them, and survivors where scenarios are too few."""

from pathlib import Path

import pytest

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.flows.units import find_unit
from cocotb_tests.mutation.netlist import mutate
from cocotb_tests.mutation.score import EQUIVALENT, KILLED, PASSED, SURVIVED, Sample, Score
from cocotb_tests.scenarios import scenarios_of
from bittrue.hdl.printer.verilog_output import to_verilog

WORDS = ("depth=4", "lanes=1", "kind=uint2")
ENABLE_WITHOUT_GAPS = "const0 fifo cell"
"""A FIFO that reads ahead no more: seen only when it is filled while its output waits."""


def scenarios() -> list[Scenario]:
    unit = find_unit("fifo")
    parameters = unit.parse(WORDS)
    return scenarios_of("fifo", unit.build(**parameters), parameters, 1, quick=True)


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    unit = find_unit("fifo")
    design = to_verilog(unit.build(**unit.parse(WORDS)), "fifo")
    first, again, other = (mutate(design, 12, seed).mutants for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert len({mutant.options for mutant in first}) == len(first) == 12


def test_mutants_are_killed_or_equivalent(builds: Path) -> None:
    score = Score(Sample("fifo", WORDS, 20, 1, builds))
    list(score.simulate())
    assert score.counts[KILLED] >= 5
    kept = score.path.read_text()
    again = Score(Sample("fifo", WORDS, 20, 1, builds))
    assert again.results == score.results
    assert list(again.simulate()) == []
    assert score.path.read_text() == kept
