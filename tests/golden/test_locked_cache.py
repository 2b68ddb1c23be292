"""Compiled loops on disk: what two processes compile at once is found under its own signature."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FUNCTION = """
import time
import numpy as np
from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from bittrue.golden.locked_cache import LockedCache

@njit
def double(x):
    return x + x

def slowly(save):
    def save_later(*arguments):
        time.sleep(2)
        save(*arguments)
    return save_later
"""
WRITE = """
import sys
import function
function.double._cache = getattr(function, sys.argv[1])(function.double.py_func)
# From here to the end of the call, the other process has read the index, too.
function.IndexDataCacheFile._save_index = function.slowly(function.IndexDataCacheFile._save_index)
function.double(getattr(function.np, sys.argv[2])(3))
"""
READ = """
import sys
import function
function.double._cache = getattr(function, sys.argv[1])(function.double.py_func)
results = [function.double(function.np.int64(3)), function.double(function.np.float64(1.5))]
print(results == [6, 3.0], sum(function.double.stats.cache_hits.values()))
"""


@pytest.mark.parametrize(("cache", "right"), [("LockedCache", True), ("FunctionCache", False)])
def test_overloads_of_two_processes_are_both_kept(cache: str, right: bool, tmp_path: Path) -> None:
    """And Numba's own cache, without a lock, keeps one of them or neither."""
    (tmp_path / "function.py").write_text(FUNCTION)
    environment = os.environ | {
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
    }

    def start(program: str, *words: str, output: int | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, cache, *words]
        return subprocess.Popen(command, env=environment, stdout=output, text=True)

    writers = [start(WRITE, kind) for kind in ("int64", "float64")]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    said, _ = start(READ, output=subprocess.PIPE).communicate(timeout=120)
    assert (said == "True 2\n") == right
