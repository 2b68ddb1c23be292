"""Reading .npy files that a user gives."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError

_MAGIC, _ZIP = b"\x93NUMPY", b"PK"


def read_npy(path: Path, mapped: bool = False) -> NDArray[Any]:
    """Return the array of a .npy file.

    Parameters
    ----------
    path : Path
    mapped : bool
        Leaves the elements in the file until they are used.

    Raises
    ------
    UserError
        Naming the file, if it cannot be read or is something else.
    """
    try:
        with open(path, "rb") as stream:
            start = stream.read(len(_MAGIC))
        if not start.startswith((_MAGIC, _ZIP)):  # numpy would recommend to unpickle it.
            raise ValueError("numpy.save writes one")
        array = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (ValueError, EOFError, MemoryError) as error:
        reason = "it holds Python objects" if "bject" in str(error) else str(error)
        raise UserError(f"{path}: it is no .npy file of numbers ({reason})") from None
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path}: it holds several arrays; allowed: one, written by numpy.save")
    return array


def check_samples(path: Path, array: NDArray[Any]) -> None:
    """Refuse what is no array of samples: real numbers, the first dimension counting samples.

    Raises
    ------
    UserError
        Naming the file.
    """
    if array.dtype.kind not in "fiub" or array.ndim < 2 or array.size == 0:
        raise UserError(
            f"{path}: it has shape {array.shape} and type {array.dtype}; allowed: real numbers of "
            "shape (N, ...), N of 1 or more"
        )
