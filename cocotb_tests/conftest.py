"""What every co-simulation test needs: a simulator that is installed, and shared build folders."""

import os
import shutil
from pathlib import Path

import pytest

from bittrue.flows.simulation.simulators.toolchain import SIMULATORS

_CHOSEN = os.environ.get("SIM")


def _simulators() -> list[str]:
    """Return those asked for by ``SIM``, else Verilator and, where it is installed, Icarus."""
    if _CHOSEN:
        return [_CHOSEN]
    return [name for name in SIMULATORS if name != "icarus" or shutil.which("iverilog")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "simulator" in metafunc.fixturenames:
        metafunc.parametrize("simulator", _simulators())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Leave to ``make regress`` what takes long on one of several simulators."""
    if len(_simulators()) == 1:
        return
    for item in items:
        for mark in item.iter_markers("regress_on"):
            if item.callspec.params["simulator"] in mark.args:
                item.add_marker("regress")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _CHOSEN and "icarus" not in _simulators():
        terminalreporter.write_line(
            "Icarus Verilog is not installed: its half of the tests was left out; "
            "on Debian: apt-get install iverilog"
        )


@pytest.fixture(scope="session")
def any_simulator() -> str:
    """Return the simulator that builds fastest, for faults of circuits that either would show."""
    return _simulators()[-1]


@pytest.fixture(scope="session")
def fast_simulator() -> str:
    """Return the simulator that runs fastest, for what takes many cycles and either would show."""
    return _simulators()[0]


@pytest.fixture(scope="session")
def builds(request: pytest.FixtureRequest) -> Path:
    """Return the folder of simulator builds, kept from run to run."""
    return request.config.rootpath / "sim_build" / "tests"
