"""Products of matrices, side by side in both simulators, and faults that must not pass."""

from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding
from cocotb_tests.bench.side_by_side import build, faults_caught, judge_together
from cocotb_tests.falsified import falsify

CASES = {
    "products": "mat_mul",
    "whole_rows": "mat_mul shape=2x5x6 rows=3 lanes=6 lanes_out=3",
    "one_column": "mat_mul shape=4x1 rows=6 lanes=1 lanes_out=2 b=uint8",
    "one_row": "mat_mul shape=1x6 rows=8 lanes=3 lanes_out=4 entries=8",
    "one_of_each": "mat_mul shape=2x1x4 rows=1 lanes=4",
    "long": "mat_mul shape=2x33 rows=3 lanes=1 requantizer=generic",
    "unsigned": "mat_mul shape=3x2x4 rows=2 lanes=2 a=uint4 b=uint7 output=uint5",
    "wide": "mat_mul shape=3x4 rows=4 lanes=2 lanes_out=2 a=int16 b=int16 zero_points=no"
    " output=int16 requantizer=generic",
    "narrow": "mat_mul shape=2x3x8 rows=4 lanes=4 lanes_out=2 a=int3 b=uint2 zero_points=no",
    "sums": "mat_mul shape=2x2x4 rows=2 lanes=4 requantizer=none",
}


@pytest.mark.regress_on("verilator")
def test_equal_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 3_000


def other_zero_point(circuit: Any) -> None:
    object.__setattr__(circuit.spec.node, "encodings", (Encoding(1), Encoding(2)))


def one_row_less(circuit: Any) -> None:
    falsify(circuit.spec, rows=circuit.spec.rows - 1)


def one_chunk_less(circuit: Any) -> None:
    falsify(circuit.spec, chunks=circuit.spec.chunks - 1)


FAULTS = {
    "zero_point": ("products", other_zero_point),
    "rows": ("whole_rows", one_row_less),
    "chunks": ("unsigned", one_chunk_less),
}


@pytest.mark.regress_on("icarus")
def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(CASES, FAULTS, simulator, builds, tmp_path) == set(FAULTS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mat_mul lanes=3", "lanes is 3; allowed: a divisor of the 8 channels, such as 2"),
        ("mat_mul lanes_out=3", "lanes is 3; allowed: a divisor of the 4 channels, such as 2"),
        ("mat_mul a=int16", "are int17 and int9; multipliers take up to 16 bits"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit, *rest = words.split()
    with pytest.raises(UserError, match=message):
        UNITS[unit].build(**UNITS[unit].parse(rest))
