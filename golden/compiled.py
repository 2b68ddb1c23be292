"""Functions compiled for the processor at hand by Numba.

Compiled on first use, and kept beside their file or in the user's cache.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from numba import njit

from bittrue.golden.locked_cache import LockedCache

Result = TypeVar("Result")


def compiled(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function, once for each combination of types that it is called with."""
    dispatcher = njit(function, nogil=True, error_model="numpy")
    # A RuntimeError: there is no folder to keep it in.
    with suppress(RuntimeError):
        dispatcher._cache = LockedCache(function)  # What njit(cache=True) does with Numba's own.
    return dispatcher
