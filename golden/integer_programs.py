"""Integer linear programs, solved without a word."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scipy.optimize import OptimizeResult, milp

_STANDARD_OUTPUT = 1
"""Its file descriptor."""

_OTHER_ERROR = 4
"""The status of `scipy.optimize.milp` that says neither solved nor infeasible nor out of time."""


def solve(objective: Any, **problem: Any) -> OptimizeResult:
    """Return the exact solution of an integer linear program.

    HiGHS writes lines of its own to the standard output, whatever it is told: they are none of
    ours to print, and break what machines read. Its presolve ends with an exception or an error
    on some programs that can be solved; these are solved without it, which takes longer.

    Parameters
    ----------
    objective, **problem
        Of `scipy.optimize.milp`.
    """
    with without_output():
        try:
            result = milp(objective, options={"mip_rel_gap": 0.0}, **problem)
        except ValueError as error:
            if "vector" not in str(error):
                raise
            result = None
        if result is not None and result.status != _OTHER_ERROR:
            return result
        return milp(objective, options={"mip_rel_gap": 0.0, "presolve": False}, **problem)


@contextmanager
def without_output() -> Iterator[None]:
    """Discard what libraries write to the file descriptor of the standard output meanwhile."""
    sys.stdout.flush()
    try:
        kept = os.dup(_STANDARD_OUTPUT)
    except OSError:  # There is none.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STANDARD_OUTPUT)
        yield
    finally:
        os.dup2(kept, _STANDARD_OUTPUT)
        os.close(kept)
        os.close(nowhere)
