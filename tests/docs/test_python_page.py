"""The programs of docs/python.md run, and print what the page says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.console import lines_of
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```\n\nprints\n\n```\n(.*?)```", PAGE, re.DOTALL)


def printed(program: str, folder: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.parametrize(("program", "expected"), PROGRAMS, ids=["network", "component"])
def test_a_program_of_the_page_prints_what_it_says(
    program: str, expected: str, tmp_path: Path
) -> None:
    assert lines_of(printed(program, tmp_path)) == lines_of(expected)


def test_every_program_of_the_page_runs_here() -> None:
    assert PAGE.count("```python") == len(PROGRAMS) == 2


def test_a_program_that_fails_is_noticed(tmp_path: Path) -> None:
    """Negative control: a product that is off by one in one beat."""
    program = PROGRAMS[1][0].replace('{"o": a * b}', '{"o": a * b + (np.arange(10_000) == 7)}')
    assert program != PROGRAMS[1][0]
    with pytest.raises(AssertionError, match="1 of 10000 beats of o differ, first beat 7"):
        printed(program, tmp_path)
