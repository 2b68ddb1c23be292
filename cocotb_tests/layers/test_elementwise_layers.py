"""Elementwise layers, side by side in both simulators, and faults that must not pass."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding, Tensor
from bittrue.golden.graph.add import Add
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.add import AddLayer, AddSpec
from cocotb_tests.bench.side_by_side import build, faults_caught, judge_together
from cocotb_tests.falsified import falsify

CASES = {
    "add": "add shape=3x5x6 lanes=3",
    "add_three": "add shape=2x3x4 lanes=2 inputs=3",
    "add_generic": "add shape=2x3x4 lanes=1 inputs=3 requantizer=generic output=uint4",
    "add_wide": "add shape=2x2x4 lanes=2 kind=int10 requantizer=generic output=int16",
    "add_computed": "add shape=2x2x4 lanes=2 kind=int16 requantizer=generic output=int16",
    "add_computed_three": "add shape=2x4 lanes=1 kind=uint12 inputs=3 requantizer=none",
    "add_sums": "add shape=2x2x4 lanes=2 kind=uint3 requantizer=none",
    "multiply": "multiply shape=3x2x6 lanes=3",
    "multiply_wide": "multiply shape=2x6 lanes=2 a=int16 b=uint7 requantizer=generic",
    "max": "min_max shape=3x2x6 lanes=3",
    "min": "min_max shape=7x5 lanes=5 greatest=no kind=uint4",
    "min_wide": "min_max shape=2x6 lanes=2 greatest=no kind=int16",
    "requantize_table": "requantize shape=2x5x6 lanes=3",
    "requantize_wide": "requantize shape=3x6 lanes=2 kind=int16",
    "requantize_channels": "requantize shape=3x6 lanes=2 entries=6 output=int16",
    "requantize_generic": "requantize shape=3x6 lanes=6 kind=uint12 requantizer=generic",
    "requantize_to_int32": "requantize shape=6 lanes=2 kind=int16 output=int32 requantizer=generic",
    "requantize_of_int32": "requantize shape=6 lanes=2 kind=int32 requantizer=generic",
    "requantize_values": "requantize shape=7 lanes=1 requantizer=none",
}


@pytest.mark.regress_on("verilator")
def test_equal_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 10_000


def one_entry_off(circuit: Any) -> None:
    tables = circuit.spec.tables
    falsify(circuit.spec, tables=replace(tables, first=tables.first + 1))


def other_addends(circuit: Any) -> None:
    node = circuit.spec.node
    object.__setattr__(node, "addends", node.addends[::-1])


def other_zero_point(circuit: Any) -> None:
    object.__setattr__(circuit.spec.node, "encodings", (Encoding(1), Encoding(2)))


def neighbouring_entry(circuit: Any) -> None:
    falsify(circuit.spec, values=circuit.spec.values[::-1])


def the_other_one(circuit: Any) -> None:
    object.__setattr__(circuit.spec.node, "greatest", not circuit.spec.node.greatest)


FAULTS = {
    "add": ("add", one_entry_off),
    "addends": ("add_three", other_addends),
    "computed_addends": ("add_computed_three", other_addends),
    "multiply": ("multiply", other_zero_point),
    "min_max": ("min", the_other_one),
    "requantize": ("requantize_table", neighbouring_entry),
}


def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(CASES, FAULTS, simulator, builds, tmp_path) == set(FAULTS)


def test_an_addition_of_two_operands_needs_no_multiplier() -> None:
    component = UNITS["add"].build(**UNITS["add"].parse([]))
    assert isinstance(component, AddLayer)
    assert component.spec.tables is not None
    assert component.latency == 4


def test_operands_of_other_shapes_are_refused() -> None:
    kind = IntegerType(8, True)
    image, row = Tensor.of_type("a", (2, 3, 4), kind), Tensor.of_type("b", (4,), kind)
    _, component = build({"add": CASES["add"]})["add"][1], build({"add": CASES["add"]})["add"][0]
    assert isinstance(component, AddLayer)
    node = component.spec.node
    assert isinstance(node, Add)
    with pytest.raises(UserError, match=r"have shapes \(2, 3, 4\) and \(4,\); the circuit takes"):
        AddSpec(node, (image, row), 4)
