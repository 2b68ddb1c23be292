"""Integer programs are solved exactly, and print nothing."""

import os
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint

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


def test_what_a_library_writes_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    with without_output():
        os.write(1, b"HighsMipSolverData::transformNewIntegerFeasibleSolution\n")
    print("ours", flush=True)
    assert capfd.readouterr().out == "ours\n"


def test_what_a_library_writes_otherwise_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    """Negative control."""
    os.write(1, b"stray\n")
    assert capfd.readouterr().out == "stray\n"
