"""The engine's units in both simulators, and faults that are noticed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Value

from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.engine.instruction import GreatestChannel, Matrix, Pool, Softmax, Vector
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.softmax import SUM_INTEGER_BITS
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.engine import channel_unit, pool_unit, vector_unit
from bittrue.hdl.engine.channel_unit import ChannelUnit
from bittrue.hdl.engine.matrix_unit import MatrixUnit
from bittrue.hdl.engine.memories import Memories
from bittrue.hdl.engine.pool_unit import PoolUnit
from bittrue.hdl.engine.vector_unit import VectorUnit
from bittrue.hdl.engine.window_walker import WindowWalker
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.engine import units, window_walker
from cocotb_tests.engine.configurations import TINY, WIDE
from cocotb_tests.engine.loaded import Loaded

UNITS: dict[str, Callable[[], Loaded]] = {
    "matrix, 2 x 4 x 8": lambda: Loaded(MatrixUnit(TINY), Matrix),
    "pool, 3 x 8": lambda: Loaded(PoolUnit(WIDE), Pool),
    "vector, 8": lambda: Loaded(VectorUnit(WIDE), Vector),
    "channels, 4": lambda: Loaded(ChannelUnit(TINY), Softmax, GreatestChannel),
}
OTHERS: dict[str, Callable[[], Loaded]] = {
    "matrix, 3 x 4 x 8, packed": lambda: Loaded(
        MatrixUnit(replace(TINY, pixels=3), Multiplier.PACKED_DSP48E1), Matrix
    ),
    "matrix, 1 x 4 x 4": lambda: Loaded(MatrixUnit(replace(TINY, pixels=1, outputs=4)), Matrix),
    "pool, 2 x 4": lambda: Loaded(PoolUnit(TINY), Pool),
    "vector, 4": lambda: Loaded(VectorUnit(TINY), Vector),
    "channels, 8": lambda: Loaded(ChannelUnit(WIDE), GreatestChannel, Softmax),
}
EVERY = UNITS | OTHERS


def verdict(
    component: Loaded, simulator: str, builds: Path, work: Path, manners: int | None = None
) -> Any:
    """Judge the first manners of driving it, or all."""
    scenarios = units.scenarios(component, {}, seed=7, quick=True)[:manners]
    return verdict_on(component, "unit", scenarios, simulator, builds, work)


@pytest.mark.parametrize("name", UNITS)
def test_unit_equals_golden(name: str, any_simulator: str, builds: Path, tmp_path: Path) -> None:
    result = verdict(UNITS[name](), any_simulator, builds, tmp_path)
    assert result.passed, result.problems
    assert result.compared > 1500


@pytest.mark.regress
@pytest.mark.parametrize("name", EVERY)
def test_unit_equals_golden_in_the_other_simulator(
    name: str, fast_simulator: str, builds: Path, tmp_path: Path
) -> None:
    result = verdict(EVERY[name](), fast_simulator, builds, tmp_path)
    assert result.passed, result.problems


@pytest.mark.regress_on("verilator")
@pytest.mark.parametrize("pixels", [1, 3])
def test_walk_equals_loops(pixels: int, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = WindowWalker(replace(TINY, pixels=pixels))
    scenarios = window_walker.scenarios(component, {}, seed=7, quick=True)
    result = verdict_on(component, "walker", scenarios, simulator, builds, tmp_path)
    assert result.passed, result.problems
    assert result.compared > 5000


def records_of_the_word_beside(patch: pytest.MonkeyPatch) -> str:
    records = Memories._records

    def rotated(self: Memories, m: Any, written: Any) -> None:
        records(self, m, written._replace(address=written.address + 8))

    patch.setattr(Memories, "_records", rotated)
    return "matrix, 2 x 4 x 8"


def extremes_that_outlive_their_group(patch: pytest.MonkeyPatch) -> str:
    greater = PoolUnit._greater

    def kept(self: PoolUnit, m: Any, begins: Value, *others: Any) -> Any:
        return greater(self, m, begins & ~begins, *others)

    patch.setattr(pool_unit.PoolUnit, "_greater", kept)
    return "pool, 3 x 8"


def factors_of_15_bits(patch: pytest.MonkeyPatch) -> str:
    patch.setattr(vector_unit, "FACTOR_BITS", 15)
    return "vector, 8"


def terms_of_twice_their_size(patch: pytest.MonkeyPatch) -> str:
    patch.setattr(channel_unit, "added", lambda total, term: total + term[SUM_INTEGER_BITS - 1 :])
    return "channels, 4"


@pytest.mark.parametrize(
    "fault",
    [
        records_of_the_word_beside,
        extremes_that_outlive_their_group,
        factors_of_15_bits,
        terms_of_twice_their_size,
    ],
)
def test_faults_are_noticed(
    fault: Callable[[pytest.MonkeyPatch], str],
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative controls."""
    name = fault(monkeypatch)
    result = verdict(EVERY[name](), any_simulator, builds, tmp_path, manners=1)
    assert result.differing > 0


def test_engines_without_a_circuit_are_refused() -> None:
    with pytest.raises(UserError, match="outputs are 12 and lanes 4; allowed: a power of two"):
        Memories(replace(TINY, outputs=12))


@pytest.mark.parametrize("unit", [MatrixUnit, PoolUnit, VectorUnit, ChannelUnit, Memories])
def test_its_verilog_has_no_warnings(unit: Any) -> None:
    assert lint(to_verilog(unit(TINY), "unit")) == []
