"""The bit-serial unit in both simulators, and faults that must not pass."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import C

import bittrue.hdl.units.bitserial
from bittrue.flows.units import UNITS
from bittrue.golden.units.bitserial_spec import BitSerialSpec
from bittrue.hdl.blocks.popcount import ProductCounter
from bittrue.hdl.units.bitserial import BitSerialDotProduct
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import bitserial

SPECS = {
    "every pair": BitSerialSpec(1, 1),
    "one chunk": BitSerialSpec(7, 7),
    "chunks and tail": BitSerialSpec(31, 12),
}


@pytest.mark.parametrize("name", SPECS)
def test_equals_golden(name: str, simulator: str, builds: Path, tmp_path: Path) -> None:
    component = BitSerialDotProduct(SPECS[name])
    scenarios = bitserial.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "bitserial", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.differing == 0
    assert verdict.compared > 150


def sign_planes_count_positively(
    monkeypatch: pytest.MonkeyPatch, circuit: BitSerialDotProduct
) -> None:
    class Unsigned(bittrue.hdl.units.bitserial._PlaneSequence):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.negative = C(0, 1)

    monkeypatch.setattr(bittrue.hdl.units.bitserial, "_PlaneSequence", Unsigned)


def all_lanes_count(monkeypatch: pytest.MonkeyPatch, circuit: BitSerialDotProduct) -> None:
    circuit._counter = ProductCounter(circuit.spec.lanes, 0, circuit._counter.product)


def never_doubled(monkeypatch: pytest.MonkeyPatch, circuit: BitSerialDotProduct) -> None:
    class Flat(bittrue.hdl.units.bitserial._PlaneSequence):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.doubles = C(0, 1)

    monkeypatch.setattr(bittrue.hdl.units.bitserial, "_PlaneSequence", Flat)


@pytest.mark.parametrize("fault", [sign_planes_count_positively, all_lanes_count, never_doubled])
def test_faults_are_caught(
    fault: Callable[[pytest.MonkeyPatch, BitSerialDotProduct], None],
    monkeypatch: pytest.MonkeyPatch,
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
) -> None:
    circuit = BitSerialDotProduct(SPECS["chunks and tail"])
    scenarios = bitserial.scenarios(circuit, {}, seed=7, quick=True)[:2]
    fault(monkeypatch, circuit)
    verdict = verdict_on(circuit, "broken", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert not verdict.passed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["length=0"], "length is 0; allowed: 1 to 1048576"),
        (["length=1048577"], "length is 1048577; allowed: 1 to 1048576"),
        (["lanes=0"], "lanes is 0; allowed: 1 to 1024"),
        (["lanes=1025"], "lanes is 1025; allowed: 1 to 1024"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UNITS["bitserial"].build(**UNITS["bitserial"].parse(words))
