"""The walk of windows and the matrix unit in both simulators, and faults that are noticed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.engine.configuration import CONFIGURATIONS, EngineConfiguration
from bittrue.golden.errors import UserError
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.engine import matrix_unit as circuit
from bittrue.hdl.engine.matrix_unit import MatrixUnit
from bittrue.hdl.engine.window_walker import WindowWalker
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.engine import matrix_unit, window_walker
from cocotb_tests.engine.loaded import Loaded

TINY = replace(
    CONFIGURATIONS["small"], input_words=150, weight_rows=40, records=24, output_words=80
)
ENGINES = {
    "2 x 4 x 8": (TINY, Multiplier.DSP),
    "3 x 4 x 8, packed": (replace(TINY, pixels=3), Multiplier.PACKED_DSP48E1),
    "1 x 4 x 4": (replace(TINY, pixels=1, outputs=4), Multiplier.DSP),
}


def verdict(
    engine: EngineConfiguration,
    multiplier: Multiplier,
    simulator: str,
    builds: Path,
    work: Path,
) -> Any:
    component = Loaded(MatrixUnit(engine, multiplier))
    scenarios = matrix_unit.scenarios(component, {}, seed=7, quick=True)
    return verdict_on(component, "matrix", scenarios, simulator, builds, work)


@pytest.mark.parametrize("name", ENGINES)
def test_matrix_unit_equals_golden(
    name: str, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    result = verdict(*ENGINES[name], any_simulator, builds, tmp_path)
    assert result.passed, result.problems
    assert result.compared > 5000


def test_matrix_unit_equals_golden_in_the_other_simulator(
    fast_simulator: str, builds: Path, tmp_path: Path
) -> None:
    result = verdict(*ENGINES["2 x 4 x 8"], fast_simulator, builds, tmp_path)
    assert result.passed, result.problems


@pytest.mark.parametrize("pixels", [1, 3])
def test_walk_equals_loops(pixels: int, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = WindowWalker(replace(TINY, pixels=pixels))
    scenarios = window_walker.scenarios(component, {}, seed=7, quick=True)
    result = verdict_on(component, "walker", scenarios, simulator, builds, tmp_path)
    assert result.passed, result.problems
    assert result.compared > 5000


def test_records_of_the_word_beside_are_noticed(
    any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: lanes take the records of their neighbours."""
    memories = MatrixUnit._memories

    def rotated(self: MatrixUnit, m: Any) -> Any:
        tiles, weights, records = memories(self, m)
        return tiles, weights, [*records[1:], records[0]]

    monkeypatch.setattr(circuit.MatrixUnit, "_memories", rotated)
    result = verdict(*ENGINES["1 x 4 x 4"], any_simulator, builds, tmp_path)
    assert result.differing > 0


def test_engines_without_a_circuit_are_refused() -> None:
    with pytest.raises(UserError, match="outputs are 12 and lanes 4; allowed: a power of two"):
        MatrixUnit(replace(TINY, outputs=12))


def test_its_verilog_has_no_warnings() -> None:
    assert lint(to_verilog(MatrixUnit(TINY), "matrix")) == []
