"""Console examples of the documentation: commands, and what they are said to print."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bittrue.flows.simulation.simulators.toolchain import verilator_environment
from tests.support.paths import DOCS, ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
"""The documentation."""

_BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_COLUMNS = "100"


@dataclass(frozen=True)
class Example:
    """A block of commands.

    Parameters
    ----------
    page : str
        The page that it stands on.
    kind : str
        What follows ``console`` in the block's first line: nothing, or what its run needs.
    steps : tuple of (str, str)
        Commands, and what they print.
    """

    page: str
    kind: str
    steps: tuple[tuple[str, str], ...]


def examples(page: Path) -> list[Example]:
    """Return the examples of a page: every block that begins with a prompt, whatever it is called.

    Blocks that are not called ``console`` have the kind ``unmarked``.
    """
    found = []
    for name, text in _BLOCK.findall(page.read_text()):
        if text.startswith("$ "):
            words = name.split()
            kind = " ".join(words[1:]) if words[:1] == ["console"] else "unmarked"
            found.append(Example(page.name, kind, tuple(_steps(text))))
    return found


def _steps(text: str) -> list[tuple[str, str]]:
    steps = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = [lines.pop(0)]
        while command[-1].endswith("\\"):
            command.append(lines.pop(0))
        steps.append(("\n".join(command), "\n".join(lines)))
    return steps


def run(command: str, folder: Path) -> str:
    """Return what a command prints in a terminal of 100 columns, on both streams."""
    environment = verilator_environment()
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    environment |= {"PATH": path, "COLUMNS": _COLUMNS, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return done.stdout


def lines_of(text: str) -> list[str]:
    """Return the lines of a text but empty ones, without the spaces at their ends."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def check(kind: str, page: Path, folder: Path) -> int:
    """Run a page's examples of a kind one after the other; return how many commands ran."""
    commands = 0
    for example in examples(page):
        for command, expected in example.steps if example.kind == kind else ():
            assert lines_of(run(command, folder)) == lines_of(expected), command
            commands += 1
    return commands
