"""Files that are either written whole or not at all."""

import os
import tempfile
from pathlib import Path

from golden.errors import ExecutionError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside it and rename it.

    Raises
    ------
    ExecutionError
        Naming the path, if it cannot be written; nothing is left behind.
    """
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
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise ExecutionError(f"{path}: {error.strerror}; the file was not written") from None
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
