"""A folder for every run, so that simulations at the same time do not meet."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

RUNS = "runs"
"""Beside the names under which the latest runs are found."""


@contextmanager
def run_folder(name: Path) -> Iterator[Path]:
    """Make a new folder for a run, and have a name lead to it when the run is over.

    The name is a symbolic link, and replaced at once: whoever follows it finds the files of one
    whole run, the latest to end. The run before is removed. A run that fails keeps its files, an
    interrupted one does not.

    Parameters
    ----------
    name : Path
        Where users look for results.

    Yields
    ------
    Path
        The folder, empty.
    """
    runs = name.parent / RUNS
    runs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name.name}-", dir=runs))
    try:
        yield folder
    except Exception:
        _publish(folder, name)
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _publish(folder, name)


def _publish(folder: Path, name: Path) -> None:
    link = folder.with_name(f".{folder.name}")
    link.symlink_to(Path(RUNS) / folder.name)
    with FileLock(folder.parent / ".lock"):
        before = name.resolve() if name.is_symlink() else None
        if name.is_dir() and before is None:  # Of a version that had no links.
            shutil.rmtree(name)
        os.replace(link, name)
        if before is not None and before.parent == folder.parent.resolve():
            shutil.rmtree(before, ignore_errors=True)
