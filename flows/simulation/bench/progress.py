"""How far a simulation is: its cycles, in a file that whoever waits for it reads."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRESS = "progress.txt"
"""In the working directory of a simulation."""

_SECONDS = 0.5


def write_progress(path: Path, cycles: int) -> None:
    """Replace what is said; nobody reads half of it."""
    partial = path.with_suffix(".new")
    partial.write_text(f"{cycles}\n")
    os.replace(partial, path)


@contextmanager
def watched(work: Path, report: Callable[[int], None] | None) -> Iterator[None]:
    """Call a function with the cycles of a simulation whenever they are more.

    Parameters
    ----------
    work : Path
        Working directory of the simulation.
    report : callable, optional
        Called in a thread of its own; without it, nothing is watched.
    """
    if report is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        latest = 0
        while not over.wait(_SECONDS):
            try:
                cycles = int((work / PROGRESS).read_text())
            except (OSError, ValueError):
                continue
            if cycles > latest:
                latest = cycles
                report(cycles)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
