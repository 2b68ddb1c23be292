"""Progress bars for work that tells how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def progress_bar(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the context lasts; what it gives takes the steps done and all steps."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, steps: progress.update(task, completed=done, total=steps)
