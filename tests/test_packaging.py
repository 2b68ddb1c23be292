"""What the packages read at run time is part of what is installed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGE_DATA: dict[str, list[str]] = SETTINGS["tool"]["setuptools"]["package-data"]
INSTALLED_ANYWAY = {"py.typed"}


def left_out(patterns: Mapping[str, list[str]]) -> set[Path]:
    """Return the files beside the code that no pattern names."""
    files = {
        path
        for package in ("bittrue", "golden", "hdl", "flows")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    named = {
        path
        for package in patterns
        for each in patterns[package]
        for path in (ROOT / package).glob(each)
    }
    return {path for path in files - named if path.name not in INSTALLED_ANYWAY}


def test_every_file_beside_the_code_is_installed() -> None:
    assert left_out(PACKAGE_DATA) == set()


@pytest.mark.parametrize("package", PACKAGE_DATA)
def test_a_pattern_that_is_missing_is_noticed(package: str) -> None:
    """Negative control."""
    assert left_out({name: PACKAGE_DATA[name] for name in PACKAGE_DATA if name != package})
