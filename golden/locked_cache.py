"""Numba's cache of compiled functions, for several processes at once."""

from pathlib import Path
from typing import Any

from filelock import FileLock
from numba.core.caching import FunctionCache


class LockedCache(FunctionCache):
    """Compiled overloads of a function on disk, one process at a time.

    Numba writes its index first and the code second, under a number that it takes for free: two
    processes that compile two overloads at once can leave one's code under the other's signature.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled overload of a signature; None if there is none."""
        if not Path(self.cache_path).is_dir():
            return None
        with self._lock():
            return super().load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled overload."""
        self._impl.locator.ensure_cache_path()
        with self._lock():
            super().save_overload(sig, data)

    def _lock(self) -> FileLock:
        return FileLock(Path(self.cache_path) / ".bittrue.lock")
