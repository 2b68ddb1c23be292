"""The documentation's examples that take minutes, run by ``make regress``.

Those with the networks of MLPerf Tiny run when the environment variable ``BITTRUE_MODELS`` names
the folder that they are in.
"""

import os
from pathlib import Path

import pytest

from tests.support.console import PAGES, check, examples
from tests.support.paths import ROOT

_MODELS = os.environ.get("BITTRUE_MODELS")


def pages_with(kind: str) -> list[Path]:
    return [page for page in PAGES if any(example.kind == kind for example in examples(page))]


@pytest.mark.parametrize("page", pages_with("slow"), ids=lambda page: page.name)
def test_slow_commands_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    if page.name == "README.md":  # Its commands are those of a clone.
        assert check("slow", page, ROOT)
        return
    for kind in ("", "slow"):  # The slow ones go on where the others end.
        check(kind, page, tmp_path)


@pytest.mark.skipif(_MODELS is None, reason="BITTRUE_MODELS names no folder")
@pytest.mark.parametrize("page", pages_with("models"), ids=lambda page: page.name)
def test_commands_on_mlperf_tiny_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    assert _MODELS is not None
    for model in Path(_MODELS).glob("*.tflite"):
        (tmp_path / model.name).symlink_to(model.resolve())
    assert check("models", page, tmp_path)
