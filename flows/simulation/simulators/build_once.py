"""Build folders that are complete or absent, and built only when something changed."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

from bittrue.golden.errors import ExecutionError


class BuildError(ExecutionError):
    """A simulator could not build a bench; the message holds what it said, in one line."""


def digest(parts: Iterable[str]) -> str:
    """Return twelve hexadecimal digits that identify a list of texts."""
    combined = hashlib.sha256()
    for part in parts:
        combined.update(f"{len(part)}:{part}".encode())
    return combined.hexdigest()[:12]


def build_once(final: Path, build: Callable[[Path], None]) -> Path:
    """Fill a folder by `build`, unless it is there already.

    The folder appears under its name only when it is complete, so an interrupted build leaves
    nothing that a later one trips over. Of several processes that want the same folder one builds,
    and the others wait for it.
    """
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(final.parent / f".{final.name}.lock"):
        if final.is_dir():  # Another process has built it meanwhile.
            return final
        partial = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
        try:
            build(partial)
            os.rename(partial, final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return final
