"""Tests are where what they test is: the folders of both suites mirror the product's rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bittrue.flows.units import UNITS
from cocotb_tests.scenarios import SCENARIOS
from tests.support.paths import ROOT

SHARED = {
    "tests": {"board", "data", "docs", "support", "sweeps"},
    "cocotb_tests": {"bench", "building", "commands", "fuzzing", "mutation"},
}
"""Folders that are no rooms: what tests share, and what holds for several rooms."""


def rooms(suite: str) -> list[Path]:
    """Return the folders of a suite that hold tests of a room, relative to the suite."""
    folders = {path.parent.relative_to(ROOT / suite) for path in (ROOT / suite).rglob("*.py")}
    return sorted(path for path in folders if path.parts and path.parts[0] not in SHARED[suite])


def room_exists(suite: str, room: Path) -> bool:
    """Return whether the product has a folder for what a folder of tests is called."""
    places = [ROOT] if suite == "tests" else [ROOT / "hdl"]
    return any((place / room).is_dir() for place in places)


@pytest.mark.parametrize("suite", SHARED)
def test_folders_of_tests_are_rooms_of_the_product(suite: str) -> None:
    found = rooms(suite)
    assert len(found) > 3
    assert [str(room) for room in found if not room_exists(suite, room)] == []


def test_a_folder_that_is_no_room_is_noticed() -> None:
    """Negative control."""
    assert not room_exists("tests", Path("golden", "sums"))


OF_SEVERAL = {
    "cocotb_tests.units.systolic": "output_stationary and weight_stationary share their scenarios",
    "cocotb_tests.layers.one_node": "a layer of one node is told from another by the node alone",
}
"""Modules of scenarios that are for several circuits, and why."""


def test_every_unit_has_scenarios_beside_its_circuit() -> None:
    """Scenarios have the place and the stem of what they are for: hdl/units/mac.py, for one."""
    assert set(SCENARIOS) == set(UNITS)
    for module in SCENARIOS.values():
        place = module.replace(".", "/")
        assert (ROOT / f"{place}.py").is_file(), module
        circuit = ROOT / f"{place.replace('cocotb_tests', 'hdl', 1)}.py"
        assert circuit.is_file() != (module in OF_SEVERAL), module


def imported_tests(source: str) -> Iterator[str]:
    """Return the test modules that a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (
            name
            for name in names
            if any(part.startswith("test_") for part in name.split(".")[:-1])
            or name.rpartition(".")[2].startswith("test_")
        )


def test_no_test_imports_another() -> None:
    """What several need is in ``tests/support`` or ``cocotb_tests/bench``."""
    files = [path for suite in SHARED for path in (ROOT / suite).rglob("*.py")]
    assert {
        str(path): names for path in files if (names := list(imported_tests(path.read_text())))
    } == {}


def test_a_test_that_imports_another_is_noticed() -> None:
    """Negative control."""
    for line in (
        "from tests.golden.numbers.test_requant import exact",
        "from tests.golden.numbers import test_requant",
        "import tests.golden.numbers.test_requant",
    ):
        assert list(imported_tests(line)), line
    assert not list(imported_tests("from tests.support.exact_requantization import exact"))
