"""Programs of random instructions in the whole engine, and networks, by the hundred."""

from pathlib import Path

import pytest

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import INSTRUCTIONS
from cocotb_tests.engine.campaign import Source, outcomes
from cocotb_tests.engine.random_programs import random_program
from cocotb_tests.engine.whole_engine import TIGHT, TIGHT_ZYNQ, bench

SEED = 5

_SAMPLE = range(3)


def test_programs_have_every_instruction_and_every_token() -> None:
    programs = [random_program(TIGHT, seed).program for seed in range(30)]
    instructions = [each for program in programs for each in program.instructions]
    assert {type(each) for each in instructions} == set(INSTRUCTIONS.values())
    pairs = {
        (each.unit, other) for each in instructions for other in range(4) if each.waits >> other & 1
    }
    # Loads of both ports wait for COMPUTE and STORE and for each other, and so on: all but itself.
    assert pairs == {(one, other) for one in range(4) for other in range(4) if one != other}


def test_a_program_is_the_same_each_time() -> None:
    assert random_program(TIGHT, SEED).image == random_program(TIGHT, SEED).image
    assert random_program(TIGHT, SEED).image != random_program(TIGHT, SEED + 1).image


def test_random_programs_store_what_golden_stores(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    here = bench(any_simulator, builds, tmp_path)
    for outcome in outcomes(here, Source.PROGRAMS, SEED, _SAMPLE, tmp_path):
        assert not outcome.problem, outcome
        assert outcome.compared, outcome


@pytest.mark.regress
@pytest.mark.parametrize("engine", [TIGHT, TIGHT_ZYNQ], ids=["tight", "tight zynq"])
@pytest.mark.parametrize("source", Source)
def test_hundreds_store_what_golden_stores(
    engine: EngineConfiguration, source: Source, fast_simulator: str, builds: Path, tmp_path: Path
) -> None:
    here = bench(fast_simulator, builds, tmp_path, engine)
    found = list(outcomes(here, source, SEED, range(200), tmp_path))
    assert [each for each in found if each.problem] == []
    assert sum(each.compared > 0 for each in found) >= 10
