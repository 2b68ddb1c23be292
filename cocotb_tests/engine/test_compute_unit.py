"""The compute unit in both simulators, and faults that are noticed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import C, Module

from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.engine import compute_unit as circuit
from bittrue.hdl.engine.compute_unit import ComputeUnit
from bittrue.hdl.engine.memories import Memories
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.engine import compute_unit
from cocotb_tests.engine.commanded import Commanded
from cocotb_tests.engine.configurations import TINY, WIDE

ENGINES = {
    "2 x 4 x 8": (TINY, Multiplier.DSP),
    "3 x 8 x 8, packed": (WIDE, Multiplier.PACKED_DSP48E1),
    "1 x 4 x 4": (replace(TINY, pixels=1, outputs=4), Multiplier.DSP),
}


def verdict(
    engine: EngineConfiguration,
    multiplier: Multiplier,
    simulator: str,
    builds: Path,
    work: Path,
    manners: int | None = None,
) -> Any:
    """Judge the first manners of driving it, or all."""
    component = Commanded(ComputeUnit(engine, multiplier), compute_unit.words_loaded(engine))
    scenarios = compute_unit.scenarios(component, {}, seed=11, quick=True)[:manners]
    return verdict_on(component, "compute", scenarios, simulator, builds, work)


def test_equals_golden(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    result = verdict(*ENGINES["1 x 4 x 4"], any_simulator, builds, tmp_path)
    assert result.passed, result.problems
    assert result.compared > 1000


@pytest.mark.regress
@pytest.mark.parametrize("name", ENGINES)
def test_equals_golden_in_the_other_simulator(
    name: str, fast_simulator: str, builds: Path, tmp_path: Path
) -> None:
    result = verdict(*ENGINES[name], fast_simulator, builds, tmp_path)
    assert result.passed, result.problems


def ways_are_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    """Instructions of one way begin while those of another one are under way."""
    patch.setattr(circuit, "is_free", lambda way, wanted, under_way: under_way != 8)


def done_a_cycle_early(patch: pytest.MonkeyPatch) -> None:
    """Ends are told as the last word is written, not when it can be read."""

    def told(self: ComputeUnit, m: Module, ends: Any) -> None:
        m.d.comb += self.done.eq(ends)

    patch.setattr(ComputeUnit, "_tell", told)


def words_for_one_memory_at_once(patch: pytest.MonkeyPatch) -> None:
    """Both ports hand over a word for one memory, which takes one of them."""
    patch.setattr(Memories, "_meet", lambda self, one, other: C(0))


@pytest.mark.parametrize(
    "fault", [ways_are_not_waited_for, done_a_cycle_early, words_for_one_memory_at_once]
)
def test_faults_are_noticed(
    fault: Callable[[pytest.MonkeyPatch], None],
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative controls."""
    fault(monkeypatch)
    result = verdict(*ENGINES["1 x 4 x 4"], any_simulator, builds, tmp_path, manners=1)
    assert not result.passed


def test_its_verilog_has_no_warnings() -> None:
    assert lint(to_verilog(ComputeUnit(TINY), "compute")) == []
