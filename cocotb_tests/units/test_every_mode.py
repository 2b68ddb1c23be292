"""Units side by side, on every pair of operands, and a fault in one of them."""

from dataclasses import replace
from pathlib import Path

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.units.mac import Mac
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units.mac_modes import mac_modes


def test_every_signedness_of_four_bits(simulator: str, builds: Path, tmp_path: Path) -> None:
    bank, scenarios = mac_modes(Multiplier.LUT, widths=(4,))
    verdict = verdict_on(bank, "every_mode", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared == 4 * 2 * 256


def test_one_wrong_unit_is_caught(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    bank, scenarios = mac_modes(Multiplier.LUT, widths=(4,))
    right = bank.units["int4_uint4"]
    assert isinstance(right, Mac)
    bank.units["int4_uint4"] = Mac(replace(right.spec, a=IntegerType(4, False), accumulator=None))
    verdict = verdict_on(bank, "broken", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert verdict.first_difference is not None
    assert verdict.first_difference.field.startswith("int4_uint4")
