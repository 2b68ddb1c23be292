"""Multiply-accumulate units in both simulators, and checks that can fail."""

from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import C

from bittrue.flows.units import UNITS
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.golden.units.packing import Packing
from bittrue.hdl.blocks import accumulator, booth
from bittrue.hdl.units.mac import Mac
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import mac

INT4, UINT4 = IntegerType(4, True), IntegerType(4, False)
INT8, UINT8 = IntegerType(8, True), IntegerType(8, False)
INT2 = IntegerType(2, True)
DSP48E1, MULT18 = Multiplier.PACKED_DSP48E1, Multiplier.PACKED_MULT18X18D

SPECS = {
    "int8, one DSP": MacSpec(),
    "uint16 x int16": MacSpec(IntegerType(16, False), IntegerType(16, True), lanes=3),
    "int8, two in a DSP48E1": MacSpec(lanes=3, columns=3, multiplier=DSP48E1),
    "int4, four in a DSP48E1": MacSpec(INT4, INT4, lanes=10, rows=2, columns=2, multiplier=DSP48E1),
    "int4, four of one vector": MacSpec(INT4, INT4, lanes=2, columns=4, multiplier=DSP48E1),
    "int4, four in a MULT18X18D": MacSpec(INT4, INT4, rows=2, columns=2, multiplier=MULT18),
    "uint4 x int4, packed": MacSpec(UINT4, INT4, lanes=2, columns=2, multiplier=MULT18),
    "int8 in tables": MacSpec(lanes=4, multiplier=Multiplier.LUT),
    "uint8 x uint8 in tables": MacSpec(UINT8, UINT8, lanes=2, multiplier=Multiplier.LUT),
    "uint3 x int7 in tables": MacSpec(
        IntegerType(3, False), IntegerType(7, True), lanes=5, multiplier=Multiplier.LUT
    ),
    "int2 in tables": MacSpec(INT2, INT2, lanes=8, columns=2, multiplier=Multiplier.LUT),
}


@pytest.mark.parametrize("name", SPECS)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = Mac(SPECS[name])
    scenarios = mac.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "mac", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 50


def last_term_only(patch: pytest.MonkeyPatch) -> None:
    """Frames add nothing up: every sum is its last term."""
    patch.setattr(accumulator, "add_term", lambda total, kept, carry: total)


def no_bias(patch: pytest.MonkeyPatch) -> None:
    """Negative fields borrow from their neighbours."""
    patch.setattr(Packing, "wide_bias", 0)


def lost_carry(patch: pytest.MonkeyPatch) -> None:
    """Negative Booth digits are one's complements."""
    exact = booth._booth_row
    patch.setattr(booth, "_booth_row", lambda *row: replace(exact(*row), carry=C(0)))


def no_sign_constants(patch: pytest.MonkeyPatch) -> None:
    """The constants of the inverted sign bits are missing."""
    exact = booth._booth_row
    patch.setattr(booth, "_booth_row", lambda *row: replace(exact(*row), bias=0))


FAULTS = {
    "sums forgotten": ("int8, one DSP", last_term_only),
    "borrow not undone": ("int8, two in a DSP48E1", no_bias),
    "negative digits wrong by one": ("int8 in tables", lost_carry),
    "sign constants missing": ("int8 in tables", no_sign_constants),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_circuits_are_caught(
    fault: str, any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, break_circuit = FAULTS[fault]
    component = Mac(SPECS[name])
    scenarios = mac.scenarios(component, {}, seed=7, quick=True)
    break_circuit(monkeypatch)
    verdict = verdict_on(component, "mac", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert verdict.first_difference is not None


def test_a_narrower_accumulator_is_caught(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    # One product fewer than the frames have: sums of extremes no longer fit.
    spec = MacSpec(INT4, INT4, length=4)
    short = Mac(replace(spec, length=3, accumulator=None))
    scenarios = mac.scenarios(Mac(spec), {}, seed=7, quick=True)
    verdict = verdict_on(short, "mac", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0


def test_parameters_out_of_range_are_refused_by_name() -> None:
    unit = UNITS["mac"]
    for words, message in (
        (["a=int1"], r"a is int1; allowed: 2 to 16 bits"),
        (["b=uint17"], r"b is uint17; allowed: 2 to 16 bits"),
        (["a=int9", "multiplier=lut"], r"a is int9; allowed: 2 to 8 bits"),
        (["lanes=0"], r"lanes is 0; allowed: at least 1"),
        (["rows=0"], r"rows is 0; allowed: at least 1"),
        (["columns=-1"], r"columns is -1; allowed: at least 1"),
        (["length=140737488355328"], r"length is 140737488355328; allowed: up to 140737488355327"),
        (["lanes=8", "length=7"], r"length is 7; allowed: at least lanes = 8"),
        (["a=int16", "b=int16", "length=4294967296"], r"length is 4294967296; .* 62 bits"),
        (["multiplier=fpga"], r"no multiplier is named 'fpga'; choose one of dsp, packed"),
    ):
        with pytest.raises(ValueError, match=message):
            unit.build(**unit.parse(words))
