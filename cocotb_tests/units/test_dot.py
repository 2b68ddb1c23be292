"""Matrix-vector units in both simulators, and checks that can fail."""

from pathlib import Path

import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.dot_spec import DotSpec
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.blocks.adder_tree import adder_tree
from bittrue.hdl.units import dot as dot_circuit
from bittrue.hdl.units.dot import Dot
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import dot

INT4, UINT8 = IntegerType(4, True), IntegerType(8, False)
ASYMMETRIC = DotSpec(UINT8, UINT8, outputs=3, weight_zero_point=True)

SPECS = {
    "int8": DotSpec(),
    "uint8 x uint8, asymmetric": ASYMMETRIC,
    "int4 packed": DotSpec(INT4, INT4, lanes=5, multiplier=Multiplier.PACKED_DSP48E1),
    "int4 in tables, one output": DotSpec(
        INT4, INT4, 3, 1, multiplier=Multiplier.LUT, weight_zero_point=True
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = Dot(SPECS[name])
    scenarios = dot.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "dot", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 50


def test_an_input_missing_from_the_running_sum_is_caught(
    any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = Dot(ASYMMETRIC)
    scenarios = dot.scenarios(component, {}, seed=7, quick=True)
    monkeypatch.setattr(
        dot_circuit,
        "adder_tree",
        lambda pipeline, name, x: adder_tree(pipeline, name, [*x[:-1], x[0]]),
    )
    verdict = verdict_on(component, "dot", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert verdict.first_difference is not None


def test_parameters_out_of_range_are_refused_by_name() -> None:
    unit = UNITS["dot"]
    for words, message in (
        (["lanes=0"], r"lanes is 0; allowed: at least 1"),
        (["outputs=0"], r"outputs is 0; allowed: at least 1"),
        (["bias=uint8"], r"bias is uint8; allowed: signed, up to 48 bits"),
        (["weights=int9", "multiplier=lut"], r"weights is int9; allowed: 2 to 8 bits"),
        (["inputs=uint17"], r"inputs is uint17; allowed: 2 to 16 bits"),
        (["length=3"], r"length is 3; allowed: at least lanes = 4"),
        (["length=70644700037185"], r"length is 70644700037185; allowed: up to 70644700037184,"),
        (["inputs=int16", "weights=int16", "bias=int48", "length=4294967296"], r"length is"),
        (["weight_zero_point=maybe"], r"neither yes nor no"),
    ):
        with pytest.raises(ValueError, match=message):
            unit.build(**unit.parse(words))
