"""Progress bars for work that tells how far it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_SECONDS = 30.0
"""Between two lines in a pipe."""


@contextmanager
def progress_bar(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the context lasts; what it gives takes the steps done and all steps."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, steps: progress.update(task, completed=done, total=steps)


@contextmanager
def cycle_progress(console: Console, what: str, cycles: int) -> Iterator[Callable[[int], None]]:
    """Tell how far a simulation is; what this gives takes the cycles that have been simulated.

    On a terminal it is a bar with the time that is left; elsewhere it is a line every half minute,
    and none of what is over before that.

    Parameters
    ----------
    console : Console
    what : str
        What is done until the first cycles are told.
    cycles : int
        About how many there will be.
    """
    if not console.is_terminal:
        yield _Lines(console, cycles)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        remaining = Remaining(cycles)
        yield lambda done: progress.update(
            task, completed=min(done, cycles), total=cycles, description=remaining.line(done)
        )


class Remaining:
    """How long a simulation will still take, from how long it has taken.

    Parameters
    ----------
    cycles : int
        About how many there will be.
    clock : callable
        Seconds.
    """

    def __init__(self, cycles: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._cycles = cycles
        self._clock = clock
        self._first: tuple[float, int] | None = None

    def line(self, done: int) -> str:
        """Return how far it is, in words."""
        now = self._clock()
        if self._first is None:
            self._first = now, done
        text = f"{done:,} of about {self._cycles:,} cycles"
        since, before = self._first
        if done > before and done < self._cycles:
            left = round((self._cycles - done) * (now - since) / (done - before))
            text += f", {left // 60}:{left % 60:02} left"
        return text


class _Lines:
    """A line now and then."""

    def __init__(self, console: Console, cycles: int) -> None:
        self._console = console
        self._remaining = Remaining(cycles)
        self._latest = time.monotonic()

    def __call__(self, done: int) -> None:
        line = self._remaining.line(done)
        if time.monotonic() - self._latest >= _SECONDS:
            self._latest = time.monotonic()
            self._console.print(line, soft_wrap=True)
