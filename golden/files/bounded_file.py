"""Reading files that a user gives."""

from pathlib import Path

from bittrue.golden.errors import UserError

MAXIMUM_BYTES = 1 << 30
"""Of a file, and of what it unpacks to."""


def read_bounded(path: Path) -> bytes:
    """Return the content of a file of at most `MAXIMUM_BYTES`.

    Raises
    ------
    UserError
        Naming the file, if it is larger or cannot be read.
    """
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise UserError(f"{path}: it has over {MAXIMUM_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
