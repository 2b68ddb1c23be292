"""Softmax and argmax, side by side in both simulators, and faults that must not pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from cocotb_tests.bench.side_by_side import build, faults_caught, judge_together
from cocotb_tests.falsified import falsify

CASES = {
    "softmax": "softmax shape=10",
    "softmax_rows": "softmax shape=2x3 kind=uint8 output=uint8 scale=0.01",
    "softmax_wide": "softmax shape=33 output=int16 scale=0.3",
    "softmax_narrow": "softmax shape=5 kind=int4 output=int16 scale=0.5",
    "softmax_one": "softmax shape=1",
    "softmax16": "softmax16 shape=10",
    "softmax16_rows": "softmax16 shape=2x3 scale=0.00005",
    "softmax16_steep": "softmax16 shape=33 scale=0.01",
    "softmax16_one": "softmax16 shape=1",
    "argmax": "argmax shape=12 lanes=4",
    "argmax_lanes": "argmax shape=3x2x5 lanes=5 kind=uint2",
    "argmax_single": "argmax shape=7 lanes=1 kind=int3",
    "argmax_one": "argmax shape=4x1 lanes=1",
}


@pytest.mark.regress_on("verilator")
def test_equal_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 4_000


def one_exponential_late(circuit: Any) -> None:
    table = circuit.spec.node.exponential
    object.__setattr__(circuit.spec.node, "exponential", np.concatenate([table[:1], table[:-1]]))


def last_of_equals(circuit: Any) -> None:
    falsify(circuit.spec, lanes=1)  # Only the first code of a beat is looked at.


def one_reciprocal_off(circuit: Any) -> None:
    table = np.array(circuit.spec.node.reciprocal)
    table[100:400] += 1
    object.__setattr__(circuit.spec.node, "reciprocal", table)


FAULTS = {
    "exponential16": ("softmax16", one_exponential_late),
    "reciprocal16": ("softmax16_rows", one_reciprocal_off),
    "softmax": ("softmax_wide", one_exponential_late),
    "argmax": ("argmax_lanes", last_of_equals),
}


@pytest.mark.regress_on("verilator")
def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(CASES, FAULTS, simulator, builds, tmp_path) == set(FAULTS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("softmax kind=int9", "of at most 8 bits"),
        ("softmax shape=4096", "fewer than 4096 channels"),
        ("argmax lanes=5", "lanes is 5; allowed: a divisor of the 12 channels, such as 4"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit, *rest = words.split()
    with pytest.raises(UserError, match=message):
        UNITS[unit].build(**UNITS[unit].parse(rest))
