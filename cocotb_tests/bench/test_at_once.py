"""Simulations at the same time in one folder: each compares its own outputs, and keeps them."""

import json
import multiprocessing
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.payload import read_hex
from bittrue.flows.simulation.bench.scenario import Scenario, judge
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.flows.units import find_unit
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph, Tensor, file
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.scenarios import scenarios_of as scenarios_of_unit

SPAWN = multiprocessing.get_context("spawn")
PROCESSES = 3


def clamp_in(builds: Path, simulator: str) -> Cosimulation:
    """Return the unit `clamp` in a simulator."""
    unit = find_unit("clamp")
    component = unit.build(**unit.parse([]))
    design = to_verilog(component, "clamp")
    return Cosimulation(component, design, simulator, builds, optimisation="-O0")


def scenarios_of(cosimulation: Cosimulation, seed: int) -> list[Scenario]:
    return scenarios_of_unit("clamp", cosimulation.component, {}, seed, quick=True)


def simulate_in_turns(builds: Path, simulator: str, name: Path, number: int) -> None:
    """Be right in every one of a few runs, though each has other stimulus."""
    cosimulation = clamp_in(builds, simulator)
    for turn in range(2):
        seed = 1 + number + PROCESSES * turn
        with run_folder(name) as work:
            assert judge(cosimulation, scenarios_of(cosimulation, seed), seed, work).passed


@pytest.mark.regress_on("verilator")
def test_runs_do_not_meet(simulator: str, builds: Path, tmp_path: Path) -> None:
    """The first ones want the same build, too."""
    name = tmp_path / f"clamp-{simulator}"
    processes = [
        SPAWN.Process(target=simulate_in_turns, args=(builds, simulator, name, number))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    verdict = json.loads((name / "verdict.json").read_text())
    assert verdict["passed"]
    # The stimulus beside it is that of its seed.
    cosimulation = clamp_in(builds, simulator)
    (first, *_) = scenarios_of(cosimulation, verdict["seed"])
    words, _ = read_hex(name / "i.hex", cosimulation.component.i.payload.shape())
    columns = list(first.run.inputs["i"].values())
    lane = words[: len(columns[0]), 0].astype(np.int64) & 0xFF
    assert np.array_equal(lane, columns[0] & 0xFF)


def test_two_in_one_working_directory_are_refused(
    any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tells of a folder that is shared all the same."""
    cosimulation = clamp_in(builds, any_simulator)
    first, second = (scenarios_of(cosimulation, seed)[0].run for seed in (1, 2))

    def meanwhile(*arguments: object) -> None:
        with pytest.raises(UserError, match=f"{re.escape(str(tmp_path))}: another simulation is"):
            cosimulation.run([second], tmp_path)
        raise KeyboardInterrupt

    monkeypatch.setattr("bittrue.flows.simulation.bench.cosimulation.run", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        cosimulation.run([first], tmp_path)


@pytest.mark.regress
def test_several_commands_write_their_own_outputs(any_simulator: str, tmp_path: Path) -> None:
    x = Tensor.of_type("x", (4, 4, 2), IntegerType(8, True))
    node = Clamp(inputs=("x",), output="y", minimum=-100, maximum=50)
    file.save(Graph((x,), (node,), ("y",)), tmp_path / "clamp.bittrue")
    images = np.random.default_rng(3).integers(-128, 128, (3, 50, *x.shape)).astype(np.int8)
    for number, codes in enumerate(images):
        np.save(tmp_path / f"x{number}.npy", codes)
    command = [sys.executable, "-m", "bittrue", "sim", "clamp.bittrue", "--sim", any_simulator]
    started = [
        subprocess.Popen(
            [*command, "--input", f"x{number}.npy", "--output", f"y{number}.npy"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(3)
    ]
    said = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    for number, codes in enumerate(images):
        written = np.load(tmp_path / f"y{number}.npy")
        assert np.array_equal(written, codes.clip(-100, 50))
    assert (tmp_path / "sim_build" / f"network-{any_simulator}" / "results.xml").is_file()
