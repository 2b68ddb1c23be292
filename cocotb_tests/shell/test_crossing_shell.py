"""The AXI shell with three clocks, unrelated and drifting, in both simulators; and faults."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.cdc import FFSynchronizer

from bittrue.flows.simulation.simulators.run import SimulationError, run
from bittrue.flows.synthesis.verilog_lint import lint
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.hdl.shell import CrossingShell, crossing_shell
from bittrue.hdl.shell.clock_crossing import ClockCrossing
from cocotb_tests.bench.public_ports import build_with_public_ports
from cocotb_tests.shell.place_adder import PlaceAdder

BENCH = "cocotb_tests.shell.crossing_bench"
BUILD = 0xC0FFEE42
BEATS = 12
KIND = "int12"
LANES = 2


def shell() -> CrossingShell:
    circuit = PlaceAdder(IntegerType.parse(KIND), LANES, BEATS)
    return CrossingShell(circuit, {"i": BEATS, "o": BEATS}, BUILD)


CLOCKS = ("circuit fastest", "data fastest", "control fastest", "nearly the same")
SLOW_DATA = ("control fastest",)
"""At which an answer to a reset comes early, if it does not wait."""


def simulate(
    made: CrossingShell,
    simulator: str,
    builds: Path,
    work: Path,
    clocks: Sequence[str] = CLOCKS,
) -> None:
    ports = [name for name, _, _ in flat_ports(made)]
    build = build_with_public_ports(to_verilog(made, "shell"), ports, simulator, builds)
    plan: dict[str, object] = {
        "kind": KIND,
        "lanes": LANES,
        "beats": BEATS,
        "build": BUILD,
        "seed": 7,
    }
    plan["clocks"] = clocks
    (work / "plan.json").write_text(json.dumps(plan))
    run(simulator, build, "shell", BENCH, work, timeout=300)


@pytest.mark.regress_on("icarus")
def test_obeys_axi_and_loses_nothing_at_unrelated_clocks(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    simulate(shell(), simulator, builds, tmp_path)


def never_emptied(made: CrossingShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        CrossingShell,
        "_empty_on_restart",
        lambda shell, m: crossing_shell._Emptying(Signal(), Signal(), Signal()),
    )


def answered_before_it_is_empty(made: CrossingShell, patch: pytest.MonkeyPatch) -> None:
    right = CrossingShell._empty_on_restart

    def hasty(shell: CrossingShell, m: Module) -> Any:
        emptying = right(shell, m)
        return emptying._replace(waits=Signal(name="never"))

    patch.setattr(CrossingShell, "_empty_on_restart", hasty)


class Lossy(ClockCrossing):
    """Says that it takes what it has no room for."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.comb += self.i.ready.eq(1)
        return m


class Unbuffered(ClockCrossing):
    """One register each way, and no FIFO."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.valid = FFSynchronizer(self.i.valid, self.o.valid, o_domain=self.read_by)
        m.submodules.ready = FFSynchronizer(self.o.ready, self.i.ready, o_domain=self.written_by)
        m.d.comb += self.o.payload.eq(self.i.payload)
        return m


def beats_lost(made: CrossingShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(crossing_shell, "ClockCrossing", Lossy)


def handshakes_resampled(made: CrossingShell, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(crossing_shell, "ClockCrossing", Unbuffered)


@pytest.mark.parametrize(
    "fault", [never_emptied, answered_before_it_is_empty, beats_lost, handshakes_resampled]
)
def test_faults_are_caught(
    fault: Callable[[CrossingShell, pytest.MonkeyPatch], None],
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = shell()
    fault(made, monkeypatch)
    with pytest.raises(SimulationError, match=r"\d+ of 6 tests failed"):
        simulate(made, any_simulator, builds, tmp_path, SLOW_DATA)


def test_lint_is_clean() -> None:
    assert lint(to_verilog(shell(), "shell")) == []
