"""The generic requantizer in both simulators, and checks that can fail."""

from dataclasses import replace
from pathlib import Path

import pytest

from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import WAVE_MARGIN, judge, record_waves
from bittrue.flows.units import UNITS
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.hdl.units.requant import Requantizer
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import broken, requant

SPECS = {
    "tflite": RequantSpec(),
    "every rounding at run time": RequantSpec(roundings=tuple(Rounding)),
    "16x8": RequantSpec(
        IntegerType(48, True), IntegerType(16, True), 15, -31, 15, (Rounding.SINGLE_HALF_UP,)
    ),
    "no left shift": RequantSpec(maximum_exponent=0, roundings=(Rounding.RUY,)),
    "one bit": RequantSpec(
        IntegerType(12, True), IntegerType(1, False), 8, -12, 4, (Rounding.SINGLE_HALF_EVEN,)
    ),
    "stochastic": RequantSpec(
        IntegerType(20, True), IntegerType(5, False), 12, -20, 12, (Rounding.STOCHASTIC,)
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = Requantizer(SPECS[name])
    scenarios = requant.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "requant", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.differing == 0
    assert verdict.compared > 1000


FAULTS = {
    "off-by-one shift": (broken.shift_one_too_far, "differ"),
    "swapped channels": (broken.channel_of_the_beat_before, "differ"),
    "dropped beat": (broken.beat_dropped_when_waiting, "withdrew"),
    "repeated beat": (broken.beat_repeated_after_waiting, "beats instead of"),
    "bubbles": (broken.bubble_after_every_beat, "came at cycle"),
    "hung": (broken.never_valid_again, "hung after"),
    "one bit once": (broken.one_wrong_bit_once, "1 of"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_connections_are_caught(
    name: str, simulator: str, builds: Path, tmp_path: Path
) -> None:
    fault, symptom = FAULTS[name]
    spec = RequantSpec()
    scenarios = requant.scenarios(Requantizer(spec), {}, seed=7, quick=True)
    circuit = broken.broken(spec, fault)
    verdict = verdict_on(circuit, "broken", scenarios, simulator, builds, tmp_path)
    assert not verdict.passed
    assert any(symptom in problem for problem in verdict.problems), verdict.problems


def test_the_wrapper_alone_is_no_fault(simulator: str, builds: Path, tmp_path: Path) -> None:
    spec = RequantSpec()
    scenarios = requant.scenarios(Requantizer(spec), {}, seed=7, quick=True)
    circuit = broken.broken(spec, broken.no_fault)
    verdict = verdict_on(circuit, "broken", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems


@pytest.mark.regress_on("verilator")
def test_waves_surround_the_first_difference(simulator: str, builds: Path, tmp_path: Path) -> None:
    spec = RequantSpec()
    scenarios = requant.scenarios(Requantizer(spec), {}, seed=7, quick=True)
    circuit = broken.broken(spec, broken.one_wrong_bit_once)
    design = to_verilog(circuit, "broken")
    cosimulation = Cosimulation(circuit, design, simulator, builds, optimisation="-O0")
    verdict = judge(cosimulation, scenarios, 7, tmp_path)
    assert verdict.first_difference is not None
    assert verdict.first_difference.beat == 149
    assert verdict.first_difference.cycle == 1 + Requantizer.LATENCY + 149
    waves = record_waves(cosimulation, scenarios, verdict, tmp_path).read_text()
    instants = [int(line[1:]) for line in waves.splitlines() if line.startswith("#")]
    edges_recorded = len(set(instants))
    assert 2 * WAVE_MARGIN <= edges_recorded <= 4 * WAVE_MARGIN + 10


def test_lost_saturation_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    spec = RequantSpec()
    scenarios = requant.scenarios(Requantizer(spec), {}, seed=7, quick=True)
    circuit = broken.lost_saturation(spec)
    verdict = verdict_on(circuit, "broken", scenarios, simulator, builds, tmp_path)
    assert verdict.differing > 0


@pytest.mark.parametrize("wrong", [r for r in Rounding if r is not Rounding.TFLITE_DOUBLE])
def test_every_other_rounding_is_caught(
    wrong: Rounding, simulator: str, builds: Path, tmp_path: Path
) -> None:
    spec = RequantSpec()
    scenarios = requant.scenarios(Requantizer(spec), {}, seed=7, quick=True)
    circuit = Requantizer(replace(spec, roundings=(wrong,)))
    verdict = verdict_on(circuit, "requant", scenarios, simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert verdict.first_difference is not None


def test_parameters_out_of_range_are_refused_by_name() -> None:
    unit = UNITS["requant"]
    for words, message in (
        (["accumulator=int64"], r"accumulator is int64; allowed: int2 to int48"),
        (["output=int33"], r"output is int33; allowed: 1 to 32 bits"),
        (["multiplier_width=32"], r"multiplier_width is 32; allowed: 1 to 31"),
        (["minimum_exponent=5", "maximum_exponent=4"], r"minimum_exponent\.\.maximum_exponent"),
        (["roundings=nearest"], r"no rounding is named 'nearest'; choose from"),
        (["multiplier_width=many"], r"multiplier_width is 'many'; allowed"),
        (["width=3"], r"'width=3' is no parameter; write name=value"),
    ):
        with pytest.raises(ValueError, match=message):
            unit.build(**unit.parse(words))
