"""The requantizer of words in both simulators, and faults that are noticed."""

from pathlib import Path

import pytest
from amaranth.hdl import Value

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.saturate import saturate
from bittrue.hdl.engine import word_requantizer as circuit
from bittrue.hdl.engine.word_requantizer import WordRequantizer
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.engine import word_requantizer


@pytest.mark.regress_on("verilator")
@pytest.mark.parametrize(("lanes", "long"), [(1, False), (3, False), (2, True)])
def test_equals_golden(
    lanes: int, long: bool, simulator: str, builds: Path, tmp_path: Path
) -> None:
    component = WordRequantizer(lanes, tag=5, long=long)
    scenarios = word_requantizer.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "requantizer", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 2000 * (lanes + 1)


def test_a_saturation_one_bit_too_narrow_is_caught(
    any_simulator: str, builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: a zero point can bring a code back that saturated too early."""

    def narrower(value: Value, target: IntegerType) -> Value:
        return saturate(value, IntegerType(target.width - 2, True))

    monkeypatch.setattr(circuit, "saturate", narrower)
    component = WordRequantizer(1)
    scenarios = word_requantizer.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "requantizer", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
