"""The units with coded weights in both simulators, and faults that must not pass."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Value

from bittrue.flows.units import UNITS
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.coded_spec import CodedSpec, WeightCode
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.units.coded import CodedDotProduct, LogDotProduct, LutDotProduct, TernaryDotProduct
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import coded

TERNARY = WeightCode.ternary()
POWERS = WeightCode.power_of_two(4)
BOOK = WeightCode((-127, -64, -31, -9, 0, 8, 33, 100))
SEVEN_BITS = WeightCode(tuple(range(-32, 32)))

UNITS_UNDER_TEST: dict[str, tuple[type[CodedDotProduct], CodedSpec]] = {
    "ternary int8": (TernaryDotProduct, CodedSpec(TERNARY, IntegerType(8, True), 3, 24)),
    "ternary ternary": (TernaryDotProduct, CodedSpec(TERNARY, IntegerType(2, True), 5, 5)),
    "logmul int8": (LogDotProduct, CodedSpec(POWERS, IntegerType(8, True), 3, 24)),
    "logmul uint16": (
        LogDotProduct,
        CodedSpec(WeightCode.power_of_two(15), IntegerType(16, False), 2, 1 << 20),
    ),
    "logmul signs only": (
        LogDotProduct,
        CodedSpec(WeightCode.power_of_two(0), IntegerType(5, True), 4, 8),
    ),
    "lutmul int8": (LutDotProduct, CodedSpec(BOOK, IntegerType(8, True), 3, 24)),
    "lutmul 64 weights": (LutDotProduct, CodedSpec(SEVEN_BITS, IntegerType(4, True), 2, 8)),
    "lutmul positive": (
        LutDotProduct,
        CodedSpec(WeightCode((3, 65535)), IntegerType(16, False), 2, 8),
    ),
}


@pytest.mark.parametrize("name", UNITS_UNDER_TEST)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    unit, spec = UNITS_UNDER_TEST[name]
    component = unit(spec)
    scenarios = coded.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "coded", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.differing == 0
    assert verdict.compared > 500


class AlwaysPositive(LogDotProduct):
    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        return super()._product(
            pipeline, name, number, code & (len(self.spec.code.values) // 2 - 1)
        )


class UnsignedInput(LutDotProduct):
    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        signed, self.spec = self.spec, replace(self.spec, input=IntegerType(8, False))
        product = super()._product(pipeline, name, number, code)
        self.spec = signed
        return product


class CodeTwoIsMinusOne(TernaryDotProduct):
    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        return super()._product(pipeline, name, number, code | code[1])


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (AlwaysPositive, "logmul int8"),
        (UnsignedInput, "lutmul int8"),
        (CodeTwoIsMinusOne, "ternary int8"),
    ],
)
def test_faults_are_caught(
    fault: Callable[[CodedSpec], CodedDotProduct],
    name: str,
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
) -> None:
    circuit = fault(UNITS_UNDER_TEST[name][1])
    scenarios = coded.scenarios(circuit, {}, seed=7, quick=True)[:2]
    verdict = verdict_on(circuit, "broken", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert not verdict.passed


@pytest.mark.parametrize(
    ("unit", "words", "message"),
    [
        ("ternary", ["input=int1"], "input is int1; allowed: 2 to 16 bits"),
        ("ternary", ["input=uint17"], "input is uint17; allowed: 2 to 16 bits"),
        ("ternary", ["lanes=0"], "lanes is 0; allowed: 1 to 1024"),
        ("ternary", ["length=15"], "length is 15; allowed: lanes = 16 to 1048576"),
        ("logmul", ["maximum_exponent=-1"], "maximum_exponent is -1; allowed: 0 to 15"),
        ("logmul", ["maximum_exponent=16"], "maximum_exponent is 16; allowed: 0 to 15"),
        ("lutmul", ["codebook=1,2,3"], "codebook holds 3 weights; allowed: a power of two"),
        ("lutmul", ["codebook=7"], "codebook holds 1 weights; allowed: a power of two"),
        ("lutmul", ["codebook=1,65536"], "weight of code 1 is 65536; allowed: -65536 to 65535"),
        ("lutmul", ["codebook=1,x"], "codebook is '1,x'; allowed: 2, 4, 8"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(
    unit: str, words: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        UNITS[unit].build(**UNITS[unit].parse(words))
