"""The programs in ``examples``: each runs to its end, and ends in a comparison that passed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.tflite_fixtures import FIXTURES

EXAMPLES = ROOT / "examples"


def run(name: str, folder: Path, *words: str) -> str:
    finished = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.suffix == ".py"} == {
        "torch_to_verilog.py",
        "tflite_to_verilog.py",
    }


@pytest.mark.regress
def test_a_torch_module_becomes_verilog(tmp_path: Path) -> None:
    said = run("torch_to_verilog.py", tmp_path, "made")
    assert "80 outputs compared, 0 differed, on icarus" in said
    assert (tmp_path / "made" / "manifest.json").is_file()


@pytest.mark.regress
def test_a_tflite_file_becomes_verilog(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(FIXTURES["conv"].model())
    said = run("tflite_to_verilog.py", tmp_path, "net.tflite", "made")
    assert "outputs compared, 0 differed, on icarus" in said
    assert (tmp_path / "made" / "manifest.json").is_file()
