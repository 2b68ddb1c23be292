"""Layers that put codes in another order, side by side in both simulators, and their faults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.hdl.layers.parts.reorder_spec import ReorderSpec
from cocotb_tests.bench.side_by_side import (
    build,
    faults_caught,
    image_intervals,
    judge_together,
)
from cocotb_tests.falsified import falsify

CASES = {
    "gather_rows": "gather shape=4x3x6 indices=2,1,0,1,2,3,3,1 lanes=3",
    "gather_reversed": "gather shape=3x2x4 indices=2,1,0 lanes=2 kind=uint5",
    "gather_columns": "gather shape=3x5x4 axis=1 indices=0,0,1,3,3,4,4 lanes=4",
    "gather_fewer": "gather shape=2x9x2 axis=1 indices=1,3,6 lanes=1",
    "gather_one": "gather shape=3x4x2 axis=1 indices=2 lanes=2",
    "gather_channels": "gather shape=2x3x6 axis=2 indices=0,3,1,4,2,5 lanes=1 kind=int16",
    "gather_vector": "gather shape=7 axis=0 indices=6,0,0,6,5 lanes=1",
    "transpose_rows": "transpose shape=3x4x6 order=1,0,2 lanes=3",
    "transpose_channels": "transpose shape=2x3x4 order=2,0,1 lanes=1",
    "transpose_shuffle": "transpose shape=3x2x4 order=0,2,1 lanes=1 kind=uint3",
    "transpose_groups": "transpose shape=2x3x2x4 order=0,2,1,3 lanes=2 kind=int16",
    "transpose_nothing": "transpose shape=2x3x4 order=0,1,2 lanes=4",
    "resize": "resize shape=3x4x4 rows=5 columns=7 lanes=2",
    "resize_smaller": "resize shape=6x7x2 rows=4 columns=3 lanes=1 output=uint8",
    "resize_wider": "resize shape=6x3x2 rows=4 columns=5 lanes=2 kind=uint8 zero_point=9",
    "resize_higher": "resize shape=3x7x2 rows=5 columns=4 lanes=2 requantizer=generic bits=11",
    "resize_rows": "resize shape=3x4x4 rows=6 columns=4 lanes=4 kind=int16 output=int16",
    "resize_columns": "resize shape=2x4x3 rows=2 columns=9 lanes=3 bits=4 requantizer=none",
    "resize_nothing": "resize shape=2x3x2 rows=2 columns=3 lanes=1",
    "resize_pixel": "resize shape=1x1x4 rows=3 columns=3 lanes=2",
}


@pytest.mark.regress_on("verilator")
def test_equal_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 10_000


RESIZED = tuple(name for name in CASES if name.startswith("resize"))


@pytest.mark.regress_on("verilator")
def test_images_are_resized_in_the_cycles_planned(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    circuits: Any = {
        name: circuit
        for name, (circuit, _) in build({name: CASES[name] for name in RESIZED}).items()
    }
    measured = image_intervals(
        {
            name: (circuit, circuit.spec.node, circuit.spec.tensors[0])
            for name, circuit in circuits.items()
        },
        simulator,
        builds,
        tmp_path,
    )
    planned = {name: circuit.cycles_per_image() for name, circuit in circuits.items()}
    assert {name: set(measured[name].tolist()) for name in RESIZED} == {
        name: {cycles} for name, cycles in planned.items()
    }


def neighbouring_block(circuit: Any) -> None:
    order = circuit.spec.order
    places = (*order.places[:-1], (order.places[-1] + 1) % order.length)
    falsify(circuit.spec, order=ReorderSpec(order.length, places, order.beats))


def one_block_short(circuit: Any) -> None:
    order = circuit.spec.order
    falsify(order, depth=order.depth - 1)


def loops_exchanged(circuit: Any) -> None:
    sizes, strides = circuit.spec._moved
    falsify(circuit.spec, _moved=(sizes, strides[::-1]))


def other_weight(circuit: Any) -> None:
    stage = circuit.spec.stages[0]
    falsify(stage, weights=(*stage.weights[:1], stage.weights[1] ^ 64, *stage.weights[2:]))


def other_code_of_zero(circuit: Any) -> None:
    falsify(circuit.spec.node, encoding=type(circuit.spec.node.encoding)(8))


FAULTS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "gather": ("gather_rows", neighbouring_block),
    "depth": ("gather_reversed", one_block_short),
    "transpose": ("transpose_channels", loops_exchanged),
    "weight": ("resize", other_weight),
    "zero": ("resize_wider", other_code_of_zero),
}


def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(CASES, FAULTS, simulator, builds, tmp_path) == set(FAULTS)


@pytest.mark.parametrize(
    ("length", "places", "depth"),
    [
        (4, (0, 0, 1, 1, 2, 2, 3, 3), 2),
        (4, (0, 1, 2, 3), 2),
        (4, (3, 2, 1, 0), 8),
        (6, (0, 3), 2),
    ],
)
def test_no_more_blocks_are_kept_than_are_needed(
    length: int, places: tuple[int, ...], depth: int
) -> None:
    assert ReorderSpec(length, places, 1).depth == depth


def test_what_is_free_is_read_no_more() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        length, count = rng.integers(1, 12, 2).tolist()
        spec = ReorderSpec(length, tuple(rng.integers(0, length, count).tolist()), 1)
        for block, place in enumerate(spec.places):
            assert spec.freed_before[block] <= place < spec.needed[block]
        assert (spec.demand <= spec.depth).all()
        assert spec.release.sum() == length


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("gather axis=2 indices=1,0 lanes=2", "lanes is 2 and channels are taken by number"),
        ("gather axis=0 indices=8", r"indices are 8 to 8; allowed: one or more, 0 to 7 along"),
        ("gather axis=3", r"axis is 3; allowed: a dimension of \(8, 8, 16\), from 0"),
        ("transpose order=2,0,1 lanes=4", "lanes is 4 and channels are moved"),
        ("transpose order=0,0,1", r"permutation is \(0, 0, 1\); allowed: an order of"),
        ("resize bits=13", "fraction_bits is 13; allowed: 0 to 12"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit, *rest = words.split()
    with pytest.raises(UserError, match=message):
        UNITS[unit].build(**UNITS[unit].parse(rest))
