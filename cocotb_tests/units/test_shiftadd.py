"""The multi-precision shift-add unit in both simulators, and faults that must not pass."""

from collections.abc import Callable
from pathlib import Path

import pytest

import bittrue.hdl.blocks.bricks
import bittrue.hdl.units.shiftadd
from bittrue.flows.units import UNITS
from bittrue.golden.units.shiftadd_spec import ShiftAddSpec
from bittrue.hdl.units.shiftadd import ShiftAddUnit
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.units import shiftadd


@pytest.mark.parametrize("maximum_width", [8, 16])
def test_equals_golden(maximum_width: int, simulator: str, builds: Path, tmp_path: Path) -> None:
    """With a maximum of 8 bits, code 3 is drawn as well and means 8 bits."""
    component = ShiftAddUnit(ShiftAddSpec(maximum_width))
    scenarios = shiftadd.scenarios(component, {}, seed=7, quick=True)
    verdict = verdict_on(component, "shiftadd", scenarios, simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.differing == 0
    assert verdict.compared > 2000


def unsigned_bricks(monkeypatch: pytest.MonkeyPatch) -> None:
    right = bittrue.hdl.blocks.bricks._product

    def unsigned(x0: int, x1: int, y0: int, y1: int, x_signed: int, y_signed: int) -> int:
        return right(x0, x1, y0, y1, 0, 0)

    monkeypatch.setattr(bittrue.hdl.blocks.bricks, "_product", unsigned)


def swapped_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        bittrue.hdl.units.shiftadd._Brick,
        "digits",
        lambda brick, a, b: (brick.number // b, brick.number // a),
    )


def every_digit_is_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bittrue.hdl.units.shiftadd, "_is_top", lambda number, mode: mode.any())


@pytest.mark.parametrize("fault", [unsigned_bricks, swapped_digits, every_digit_is_the_top])
def test_faults_are_caught(
    fault: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    any_simulator: str,
    builds: Path,
    tmp_path: Path,
) -> None:
    fault(monkeypatch)
    circuit = ShiftAddUnit(ShiftAddSpec(8))
    scenarios = shiftadd.scenarios(circuit, {}, seed=7, quick=True)[:2]
    verdict = verdict_on(circuit, "broken", scenarios, any_simulator, builds, tmp_path)
    assert verdict.differing > 0
    assert not verdict.passed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["maximum_width=4"], "maximum_width is 4; allowed: 8 or 16"),
        (["length=0"], "length is 0; allowed: 1 to 1048576"),
        (["length=1048577"], "length is 1048577; allowed: 1 to 1048576"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UNITS["shiftadd"].build(**UNITS["shiftadd"].parse(words))
