"""No import runs up from a floor or room to one above it; and one that does is noticed."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

FORBIDDEN = {
    "floors": ("hdl/blocks/shapes.py", "import bittrue.flows.planning.devices"),
    "product": ("golden/numbers/rounding.py", "import cocotb_tests.bench.streams"),
    "tests": ("cocotb_tests/bench/streams.py", "import tests.support.graphs"),
    "benchmarks": ("tests/support/graphs.py", "import benchmarks.networks"),
    "golden": ("golden/graph/tensor.py", "import bittrue.golden.executor.execute"),
    "hdl": ("hdl/units/mac.py", "import bittrue.hdl.layers.parts.fifo"),
    "printer": ("hdl/printer/rom_files.py", "import bittrue.hdl.units.mac"),
    "flows": ("flows/planning/devices.py", "import bittrue.flows.building.manifest"),
    "torch": ("golden/graph/window.py", "import bittrue.golden.executor.products"),
}
"""An import that breaks each contract, and the file that must not have it."""


def check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of a folder."""
    command = "import sys; from importlinter.cli import lint_imports_command as main; main()"
    return subprocess.run(
        [sys.executable, "-c", command, "--cache-dir", str(folder / "cache"), *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of all packages and of what they have to keep to."""
    folder = tmp_path_factory.mktemp("checkout")
    for package in (*SETTINGS["root_packages"], "golden", "hdl", "flows"):
        for source in (ROOT / package).rglob("*.py"):
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for room in ("golden", "hdl", "flows"):
        (folder / "bittrue" / room).symlink_to(f"../{room}")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_imports_keep_to_their_floors_and_rooms(copy: Path) -> None:
    finished = check(copy)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"{len(SETTINGS['contracts'])} kept, 0 broken" in finished.stdout


@pytest.mark.parametrize("contract", [contract["id"] for contract in SETTINGS["contracts"]])
def test_a_forbidden_import_is_noticed(contract: str, copy: Path) -> None:
    """Negative control, of every contract."""
    name, line = FORBIDDEN[contract]
    file = copy / name
    kept = file.read_text()
    file.write_text(f"{kept}\n{line}\n")
    try:
        finished = check(copy, "--contract", contract)
    finally:
        file.write_text(kept)
    assert finished.returncode == 1
    assert "0 kept, 1 broken" in finished.stdout
    assert name.removesuffix(".py").replace("/", ".") in finished.stdout


def test_circuits_are_imported_without_torch() -> None:
    program = (
        "import importlib, pkgutil, sys, bittrue.hdl as hdl\n"
        "for module in pkgutil.walk_packages(hdl.__path__, 'bittrue.hdl.'):\n"
        "    importlib.import_module(module.name)\n"
        "sys.exit('torch' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert finished.returncode == 0
