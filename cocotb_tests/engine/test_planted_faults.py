"""Faults planted in the whole engine, which random programs must notice."""

from pathlib import Path

import pytest

from bittrue.hdl.engine.engine import Engine
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.engine.planted_faults import PLANTED
from cocotb_tests.engine.random_programs import random_memory, random_program
from cocotb_tests.engine.whole_engine import TIGHT, bench_of, run_image

_TRIES = range(8)
"""Programs of which one notices a fault."""

_CYCLES = 30_000
"""After which an engine that does not end is given up; these programs take half as many."""


@pytest.mark.regress
@pytest.mark.parametrize("title", PLANTED)
def test_planted_faults_are_noticed(
    title: str,
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: broken circuits, on programs that the right one executes."""
    PLANTED[title](monkeypatch)
    broken = to_verilog(Engine(TIGHT), "engine")
    monkeypatch.undo()
    here = bench_of(broken, any_simulator, builds, tmp_path)
    programs = ((seed, random_program(TIGHT, seed)) for seed in _TRIES)
    assert any(
        not run_image(
            here, each.image, each.data, tmp_path, random_memory(seed), cycles=_CYCLES
        ).passed
        for seed, each in programs
    )
