"""Running a built bench with a cocotb test module inside."""

import os
import subprocess
import sys
from pathlib import Path

import cocotb_tools.config
import find_libpython
from cocotb_tools.check_results import get_results

from bittrue.flows.simulation.simulators import icarus, verilator
from bittrue.golden.child_process import run_program
from bittrue.golden.errors import ExecutionError


class SimulationError(ExecutionError):
    """A simulation crashed, failed or did not end; the message holds what it said."""


def run(
    simulator: str,
    build: Path,
    top: str,
    test_module: str,
    folder: Path,
    timeout: float,
) -> None:
    """Run every cocotb test of a module against a built bench.

    Parameters
    ----------
    simulator : {"verilator", "icarus"}
        Which one built it.
    build : Path
        The build folder.
    top : str
        Top module of the bench.
    test_module : str
        Importable name of the module with the cocotb tests.
    folder : Path
        Working directory of the simulation; receives ``results.xml`` (JUnit) and ``log.txt``.
    timeout : float
        Seconds of real time after which the simulation is stopped.

    Raises
    ------
    SimulationError
        If it does not end in time, ends without results, runs no test, or a test fails.
    """
    results = folder / "results.xml"
    results.unlink(missing_ok=True)
    log = folder / "log.txt"
    command = {
        "verilator": [str((build / verilator.PROGRAM).resolve())],
        "icarus": [
            "vvp",
            "-m",
            str(cocotb_tools.config.lib_entry("vpi", "icarus")),
            str((build / icarus.PROGRAM).resolve()),
        ],
    }[simulator]
    with log.open("w") as output:
        try:
            finished = run_program(
                command,
                folder,
                _environment(top, test_module, results.resolve()),
                output=output,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise SimulationError(
                f"{simulator} did not finish within {timeout:.0f} s and was stopped; see {log}"
            ) from None
    if not results.is_file():
        said = " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
        raise SimulationError(
            f"{simulator} ended with status {finished.returncode} and no results: {said}"
        )
    tests, failures = get_results(results)
    if tests == 0:
        raise SimulationError(f"{test_module} ran no test on {simulator}; see {log}")
    if failures:
        raise SimulationError(f"{failures} of {tests} tests failed on {simulator}; see {log}")


def _environment(top: str, test_module: str, results: Path) -> dict[str, str]:
    """Return the environment by which the simulator finds Python, cocotb and the tests."""
    users = (find_libpython.find_libpython(), cocotb_tools.config.pygpi_entry_point())
    return os.environ | {
        "PATH": f"{os.environ['PATH']}{os.pathsep}{cocotb_tools.config.libs_dir}",
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": ";".join(str(user) for user in users),
        "TOPLEVEL_LANG": "verilog",
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": test_module,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_ANSI_OUTPUT": "0",
    }
