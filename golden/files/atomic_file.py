"""Files that are either written whole or not at all."""

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from bittrue.golden.errors import ExecutionError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside it and rename it.

    Raises
    ------
    ExecutionError
        Naming the path, if it cannot be written; nothing is left behind.
    """
    write_together([(path, content)])


def write_together(
    files: Iterable[tuple[Path, bytes]], check: Callable[[Path, Path], None] | None = None
) -> None:
    """Write files under temporary names, and rename them when all are there.

    Parameters
    ----------
    files : iterable of (Path, bytes)
        Contents may be made one after the other.
    check : callable, optional
        Called for each file, by its path and where it was written, before any file is renamed. If
        it raises, no file was replaced.

    Raises
    ------
    ExecutionError
        Naming the first path that cannot be written; no file was replaced, and nothing is left
        behind.
    """
    written: dict[Path, str] = {}
    try:
        for path, content in files:
            written[path] = _write_beside(path, content)
            if check is not None:
                check(path, Path(written[path]))
        for path in list(written):
            try:
                os.replace(written[path], path)
            except OSError as error:
                raise _not_written(path, error) from None
            del written[path]
    finally:
        for temporary in written.values():
            os.unlink(temporary)


def _write_beside(path: Path, content: bytes) -> str:
    """Write a temporary file that can be renamed; return its name."""
    if path.is_dir():  # The one reason why a file that was written beside it cannot replace it.
        raise ExecutionError(f"{path}: Is a directory; the file was not written")
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise ExecutionError(
            f"{path}: {error.strerror}; choose a folder that can be written"
        ) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o666 & ~_umask())
    except OSError as error:
        os.unlink(temporary)
        raise _not_written(path, error) from None
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _not_written(path: Path, error: OSError) -> ExecutionError:
    return ExecutionError(f"{path}: {error.strerror}; the file was not written")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
