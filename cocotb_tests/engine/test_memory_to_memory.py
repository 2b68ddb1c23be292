"""Loads and stores against the memory of cocotbext-axi, and faults that are noticed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.simulation.simulators.run import SimulationError, run
from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.engine.configuration import CONFIGURATIONS
from bittrue.golden.errors import UserError
from bittrue.hdl.engine import axi, burst_walker
from bittrue.hdl.engine.burst_walker import BurstWalker
from bittrue.hdl.engine.load_unit import LoadUnit
from bittrue.hdl.engine.store_unit import StoreUnit
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.public_ports import build_with_public_ports
from cocotb_tests.engine.memory_to_memory import MemoryToMemory

BENCH = "cocotb_tests.engine.memory_bench"
SMALL = replace(CONFIGURATIONS["small"], output_words=256)
ENGINES = {
    "words of 4 bytes": (SMALL, 16, 8),
    "words of 8 bytes, bursts of 4, one at a time": (replace(SMALL, lanes=8), 4, 1),
}


def simulate(name: str, simulator: str, builds: Path, work: Path) -> None:
    engine, longest, outstanding = ENGINES[name]
    component = MemoryToMemory(engine, longest, outstanding)
    ports = ["clk", "rst", *(port for port, _, _ in flat_ports(component))]
    build = build_with_public_ports(to_verilog(component, "copier"), ports, simulator, builds)
    plan = {"engine": engine.document(), "longest": longest, "seed": 5}
    (work / "plan.json").write_text(json.dumps(plan))
    run(simulator, build, "copier", BENCH, work, timeout=300)


@pytest.mark.parametrize("name", ENGINES)
def test_every_byte_is_where_it_belongs(
    name: str, any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    simulate(name, any_simulator, builds, tmp_path)


@pytest.mark.regress
def test_in_the_other_simulator(fast_simulator: str, builds: Path, tmp_path: Path) -> None:
    simulate("words of 4 bytes", fast_simulator, builds, tmp_path)


def test_bursts_across_pages_are_noticed(
    any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: pages twice as long."""
    monkeypatch.setattr(burst_walker, "PAGE", 2 * axi.PAGE)
    with pytest.raises(SimulationError, match="of 4 tests failed"):
        simulate("words of 4 bytes", any_simulator, builds, tmp_path)


@pytest.mark.parametrize("longest", [1, 3, 512])
def test_impossible_bursts_are_refused(longest: Any) -> None:
    with pytest.raises(UserError, match=f"the longest burst is {longest}; allowed: a power of two"):
        BurstWalker(SMALL, longest)


@pytest.mark.parametrize("unit", [LoadUnit, StoreUnit])
def test_its_verilog_has_no_warnings(unit: type[LoadUnit] | type[StoreUnit]) -> None:
    assert lint(to_verilog(unit(SMALL), "unit")) == []
