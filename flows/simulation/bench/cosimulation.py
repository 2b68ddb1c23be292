"""Run a circuit in a Verilog simulator and bring back every beat it produced."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib import wiring
from filelock import FileLock, Timeout

from bittrue.flows.simulation.bench.harness import CLOCKING, LIBRARY, TOP, Harness, StreamPort
from bittrue.flows.simulation.bench.payload import (
    Columns,
    pack,
    read_hex,
    unpack,
    write_hex,
)
from bittrue.flows.simulation.simulators import icarus, verilator
from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.flows.simulation.simulators.run import SimulationError, run
from bittrue.flows.simulation.simulators.toolchain import check_simulator, tool_versions
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.packed_words import Words
from bittrue.hdl.printer.rom_files import write_rom_files
from bittrue.hdl.printer.verilog_output import Design

DRIVER = "bittrue.flows.simulation.bench.driver"
DEFAULT_PATIENCE = 10_000
DEFAULT_TIMEOUT = 1_800.0
_SMALLEST_DEPTH = 1 << 12


@dataclass(frozen=True)
class Run:
    """One run of a circuit: what enters, what must leave, and how the streams behave.

    Parameters
    ----------
    inputs : mapping of str to Columns
        Beats for each input stream.
    outputs : mapping of str to int
        How many beats each output stream must deliver.
    stall : mapping of str to int
        For each stream, the probability of a pause per cycle, in 1/256; 0 by default.
    controls : mapping of str to int
        Values of plain inputs; 0 by default.
    seed : int
        Of the pauses, 0 to 2**32 - 1.
    reset : bool
        Whether the circuit is reset before the run.
    stop_after : int
        Cut the run off after so many cycles; 0 lets it finish.
    patience : int
        Cycles without any transfer after which the run is given up as hung.
    """

    inputs: Mapping[str, Columns]
    outputs: Mapping[str, int]
    stall: Mapping[str, int] = field(default_factory=dict)
    controls: Mapping[str, int] = field(default_factory=dict)
    seed: int = 1
    reset: bool = True
    stop_after: int = 0
    patience: int = DEFAULT_PATIENCE


@dataclass(frozen=True)
class WaveWindow:
    """The cycles of the last run that go to ``waves.vcd``; the run is cut off after them."""

    first_cycle: int
    last_cycle: int


@dataclass(frozen=True)
class Outcome:
    """What one run of a circuit did.

    Attributes
    ----------
    outputs : dict of str to Columns
        The beats of each output stream, in order; at most as many as were expected.
    cycles : dict of str to ndarray of int64
        The cycle of each of them, counted from the first in which the streams could move.
    taken : dict of str to int
        Beats that passed on each stream, surplus ones included.
    duration : int
        Cycles until the run ended.
    seconds : float
        Real time that the run took, loading and result files not included.
    hung : bool
        Whether it was given up because nothing moved any more.
    violations, unknowns : dict of str to int
        Cycles in which an output stream broke the protocol, or had unknown bits.
    """

    outputs: dict[str, dict[str, Int64]]
    cycles: dict[str, Int64]
    taken: dict[str, int]
    duration: int
    seconds: float
    hung: bool
    violations: dict[str, int]
    unknowns: dict[str, int]


@dataclass(frozen=True)
class Cosimulation:
    """A circuit in its bench, in one simulator.

    Parameters
    ----------
    component : wiring.Component or wiring.PureInterface
        The circuit; only its ports are looked at.
    design : Design
        Its Verilog and ROM files.
    simulator : {"verilator", "icarus"}
        Which simulator.
    folder : Path
        Where builds go.
    waves : bool
        Whether waves can be written.
    optimisation : str
        Compiler switch for Verilator's C++; worth raising where simulation dominates.
    """

    component: wiring.Component | wiring.PureInterface
    design: Design
    simulator: str
    folder: Path
    waves: bool = False
    optimisation: str = "-O1"

    def run(
        self,
        runs: Sequence[Run],
        work: Path,
        timeout: float = DEFAULT_TIMEOUT,
        recorded: WaveWindow | None = None,
    ) -> list[Outcome]:
        """Carry out runs one after the other in one simulation.

        Parameters
        ----------
        runs : sequence of Run
            At least one.
        work : Path
            Working directory: stimulus, results, ``results.xml``, ``log.txt``, ``waves.vcd``. One
            simulation at a time works there; `run_folder` makes one for each.
        timeout : float
            Seconds of real time after which the simulation is stopped.
        recorded : WaveWindow, optional
            What to write to ``waves.vcd``, in a build with waves.

        Returns
        -------
        list of Outcome
            One for each run.

        Raises
        ------
        UserError
            If the simulator is missing, stimulus does not fit the circuit's ports, or another
            simulation is at work in the folder.
        BuildError, SimulationError
            If the tools fail.
        """
        check_simulator(self.simulator)
        if not runs:
            raise UserError("there is nothing to run; give at least one run")
        harness = Harness.of(self.component, self.design.top, _clocking(self.design))
        plan = _plan(harness, runs, recorded)
        stimulus = _stimulus(harness, runs)
        build = self._build(harness, _depth(harness, plan))
        work.mkdir(parents=True, exist_ok=True)
        with _alone_in(work):
            write_rom_files(work, self.design)
            for port in harness.sources:
                write_hex(work / f"{port.name}.hex", port.shape, stimulus[port.name])
            request = {"runs": plan, "observe": list(harness.observations)}
            (work / "plan.json").write_text(json.dumps(request))
            run(self.simulator, build, TOP, DRIVER, work, timeout)
            observed = json.loads((work / "observations.json").read_text())
            return _outcomes(harness, plan, observed, work)

    def key(self, runs: Sequence[Run]) -> str:
        """Return a digest of all that the outcomes of runs follow from."""
        harness = Harness.of(self.component, self.design.top, _clocking(self.design))
        plan = _plan(harness, runs, None)
        stimulus = _stimulus(harness, runs)
        files = self.design.files
        parts = [*tool_versions(self.simulator), self.simulator, self.design.verilog]
        parts += [harness.verilog(_depth(harness, plan)), json.dumps(plan)]
        parts += [path.read_text() for path in LIBRARY]
        parts += [f"{name} {files[name]}" for name in sorted(files)]
        parts += [f"{name} {words.shape} {words.tobytes()!r}" for name, words in stimulus.items()]
        return digest(parts)

    def _build(self, harness: Harness, depth: int) -> Path:
        """Write circuit and bench under a name of their own, and build them."""
        texts = {
            f"{self.design.top}.v": self.design.verilog,
            f"{TOP}.v": harness.verilog(depth),
            f"{TOP}.vlt": harness.control_file(),
        }
        sources = build_once(
            self.folder / f"{self.design.top}-{digest([*texts.values()])}",
            lambda partial: _write_texts(partial, texts),
        )
        verilog = [sources / f"{self.design.top}.v", sources / f"{TOP}.v", *LIBRARY]
        if self.simulator == "icarus":
            return icarus.build(self.design.top, verilog, TOP, self.folder, self.waves)
        return verilator.build(
            self.design.top,
            [sources / f"{TOP}.vlt", *verilog],
            TOP,
            self.folder,
            self.waves,
            self.optimisation,
        )


@contextmanager
def _alone_in(work: Path) -> Iterator[None]:
    """Keep other simulations out of a working directory."""
    try:
        with FileLock(work / ".lock", timeout=0):
            yield
    except Timeout:
        raise UserError(
            f"{work}: another simulation is at work there; give each a folder of its own"
        ) from None


def _clocking(design: Design) -> tuple[str, ...]:
    """Return which of clock and reset the top module has; without registers it has neither."""
    ports = re.search(rf"^module {design.top}\b[^;]*;", design.verilog, re.MULTILINE)
    words = set(re.findall(r"\w+", ports[0])) if ports else set()
    return tuple(name for name in CLOCKING if name in words)


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text)


def _beats(run: Run, port: StreamPort) -> int:
    """Return how many beats a run passes through a port."""
    if not port.enters:
        return run.outputs[port.name]
    return len(next(iter(run.inputs[port.name].values())))


def _plan(
    harness: Harness, runs: Sequence[Run], recorded: WaveWindow | None
) -> list[dict[str, int]]:
    """Return the bench settings of each run; beats of successive runs lie one after the other."""
    plan = []
    first = dict.fromkeys((port.name for port in harness.streams), 0)
    for each in runs:
        settings = {
            "reset_first": int(each.reset),
            "seed": each.seed,
            "patience": each.patience,
            "stop_after": each.stop_after,
            "record": 0,
            "record_from": 0,
        }
        for port in harness.streams:
            beats = _beats(each, port)
            settings |= {
                f"{port.name}_first": first[port.name],
                f"{port.name}_count": beats,
                f"{port.name}_stall": each.stall.get(port.name, 0),
            }
            first[port.name] += beats
        for control in harness.controls:
            settings[f"control_{control.name}"] = each.controls.get(control.name, 0)
        plan.append(settings)
    if recorded:
        plan[-1] |= {
            "record": 1,
            "record_from": recorded.first_cycle,
            "stop_after": recorded.last_cycle,
        }
    return plan


def _depth(harness: Harness, plan: Sequence[Mapping[str, int]]) -> int:
    """Return a power of two that holds the beats of every port, so that few depths are built."""
    last = plan[-1]
    most = max(last[f"{port.name}_first"] + last[f"{port.name}_count"] for port in harness.streams)
    return 1 << max(most - 1, _SMALLEST_DEPTH - 1).bit_length()


def _stimulus(harness: Harness, runs: Sequence[Run]) -> dict[str, Words]:
    return {
        port.name: np.concatenate([pack(port.shape, each.inputs[port.name]) for each in runs])
        for port in harness.sources
    }


def _outcomes(
    harness: Harness,
    plan: Sequence[Mapping[str, int]],
    observed: Sequence[Mapping[str, Any]],
    work: Path,
) -> list[Outcome]:
    words, known, cycles = {}, {}, {}
    for port in harness.sinks:
        words[port.name], known[port.name] = read_hex(work / f"{port.name}.hex", port.shape)
        cycles[port.name] = read_hex(work / f"{port.name}.cycles", 32)[0][:, 0].astype(np.int64)
    outcomes = []
    for settings, seen in zip(plan, observed, strict=True):
        place = {}
        for port in harness.sinks:
            first, count = settings[f"{port.name}_first"], settings[f"{port.name}_count"]
            place[port.name] = slice(first, first + min(count, seen[f"{port.name}_taken"]))
            if not known[port.name][place[port.name]].all():
                beat = int(known[port.name][place[port.name]].argmin())
                raise SimulationError(f"beat {beat} of output {port.name} has unknown bits")
        outcomes.append(
            Outcome(
                outputs={
                    port.name: unpack(port.shape, words[port.name][place[port.name]])
                    for port in harness.sinks
                },
                cycles={name: cycles[name][where] for name, where in place.items()},
                taken={port.name: seen[f"{port.name}_taken"] for port in harness.streams},
                duration=int(seen["cycle"]),
                seconds=seen["seconds"],
                hung=bool(seen["hung"]),
                violations={p.name: seen[f"{p.name}_violations"] for p in harness.sinks},
                unknowns={p.name: seen[f"{p.name}_unknowns"] for p in harness.sinks},
            )
        )
    return outcomes
