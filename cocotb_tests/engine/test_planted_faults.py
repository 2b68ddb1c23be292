"""Faults planted in the whole engine, which random programs must notice."""

from pathlib import Path

import pytest

from bittrue.hdl.engine.engine import Engine
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.engine.campaign import Source, outcomes
from cocotb_tests.engine.planted_faults import PLANTED
from cocotb_tests.engine.whole_engine import TIGHT, bench_of

SEED = 5

_TRIES = range(8)
"""Programs of which one notices a fault."""


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
    found = outcomes(here, Source.PROGRAMS, SEED, _TRIES, tmp_path)
    assert any(each.problem for each in found)
