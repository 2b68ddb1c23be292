"""Systolic arrays in both simulators, and checks that can fail."""

from pathlib import Path

import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.systolic_spec import Dataflow, SystolicSpec
from bittrue.hdl.units import output_stationary, weight_stationary
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import systolic

WEIGHT = Dataflow.WEIGHT_STATIONARY
SPECS = {
    "4 x 4": SystolicSpec(),
    "3 x 5, uint8 x int4": SystolicSpec(IntegerType(8, False), IntegerType(4, True), 3, 5, 60),
    "tiles shorter than the array": SystolicSpec(rows=4, columns=2, length=2),
    "one element": SystolicSpec(rows=1, columns=1),
    "4 x 4, weights stay": SystolicSpec(dataflow=WEIGHT, depth=7),
    "5 x 3, weights stay, fewer rows of a": SystolicSpec(
        IntegerType(8, False), IntegerType(4, True), 5, 3, 60, WEIGHT, depth=2
    ),
    "one row, sums come back early": SystolicSpec(
        rows=1, columns=2, length=60, dataflow=WEIGHT, depth=2
    ),
    "one element, its weight stays": SystolicSpec(rows=1, columns=1, dataflow=WEIGHT, depth=1),
}


def build(spec: SystolicSpec) -> systolic.Array:
    """Return the array of a data flow."""
    if spec.dataflow is WEIGHT:
        return weight_stationary.WeightStationaryArray(spec)
    return output_stationary.OutputStationaryArray(spec)


@pytest.mark.parametrize("name", SPECS)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = build(SPECS[name])
    scenarios = systolic.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "systolic", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 5


@pytest.mark.parametrize("name", ["4 x 4", "4 x 4, weights stay"])
def test_sums_of_the_last_step_alone_are_caught(
    name: str, any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (output_stationary, weight_stationary):
        monkeypatch.setattr(module, "add_term", lambda total, kept, carry: total)
    component = build(SPECS[name])
    scenarios = systolic.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "systolic", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0


def test_parameters_out_of_range_are_refused_by_name() -> None:
    unit = UNITS["systolic"]
    for words, message in (
        (["rows=0"], r"rows is 0; allowed: 1 to 64"),
        (["columns=65"], r"columns is 65; allowed: 1 to 64"),
        (["a=int1"], r"a is int1; allowed: 2 to 16 bits"),
        (["depth=1025"], r"depth is 1025; allowed: 1 to 1024"),
        (["dataflow=input"], r"no dataflow is named 'input'; choose one of output, weight"),
        (["depth=0"], r"depth is 0; allowed: 1 to 1024"),
        (["length=0"], r"length is 0; allowed: at least 1"),
        (["length=70644700037185"], r"length is 70644700037185; allowed: up to 70644700037184,"),
    ):
        with pytest.raises(ValueError, match=message):
            unit.build(**unit.parse(words))
