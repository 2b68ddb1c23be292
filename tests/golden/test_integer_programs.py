"""Integer programs are solved exactly, and print nothing."""

import os
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from bittrue.golden import integer_programs
from bittrue.golden.integer_programs import solve, without_output


def test_the_solution_is_the_best_of_all() -> None:
    values, weights = np.array([6, 10, 12, 7]), np.array([1, 2, 3, 2])
    result = solve(
        -values,
        integrality=np.ones(4),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(weights[None], ub=5)],
    )
    fitting = [each for each in product((0, 1), repeat=4) if weights @ each <= 5]
    assert round(-result.fun) == max(values @ each for each in fitting) == 23


@pytest.mark.parametrize(("said", "solved"), [("vector::reserve", True), ("`c` is bad", False)])
def test_a_program_that_presolve_breaks_on_is_solved_without(
    said: str, solved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HiGHS ends so on some programs; what is wrong with a program is still said."""

    def breaks(objective: Any, options: dict[str, Any], **problem: Any) -> OptimizeResult:
        if options.get("presolve", True):
            raise ValueError(said)
        return milp(objective, options=options, **problem)

    monkeypatch.setattr(integer_programs, "milp", breaks)
    if not solved:
        with pytest.raises(ValueError, match="is bad"):
            solve(-np.ones(2), integrality=np.ones(2), bounds=Bounds(0, 1))
        return
    result = solve(-np.ones(2), integrality=np.ones(2), bounds=Bounds(0, 1))
    assert round(result.fun) == -2


@pytest.mark.parametrize(("status", "objective"), [(4, -2), (2, None)])
def test_an_error_of_presolve_is_no_answer(
    status: int, objective: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HiGHS gives up so on some programs, without an exception; infeasible is an answer."""

    def gives_up(given: Any, options: dict[str, Any], **problem: Any) -> OptimizeResult:
        if options.get("presolve", True):
            return OptimizeResult(status=status, x=None, fun=None)
        return milp(given, options=options, **problem)

    monkeypatch.setattr(integer_programs, "milp", gives_up)
    result = solve(-np.ones(2), integrality=np.ones(2), bounds=Bounds(0, 1))
    assert result.fun == objective


def test_what_a_library_writes_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    with without_output():
        os.write(1, b"HighsMipSolverData::transformNewIntegerFeasibleSolution\n")
    print("ours", flush=True)
    assert capfd.readouterr().out == "ours\n"


def test_what_a_library_writes_otherwise_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    """Negative control."""
    os.write(1, b"stray\n")
    assert capfd.readouterr().out == "stray\n"
