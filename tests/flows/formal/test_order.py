"""Order of moved codes, proved, and refuted where a circuit loses, doubles or exchanges them."""

import numpy as np
import pytest

from bittrue.flows.formal.moved_codes import CASES, CONSTANT, Movement, movement_of
from bittrue.flows.formal.order import prove_order
from bittrue.flows.formal.reachability import OPEN, PROVED, REFUTED
from bittrue.flows.units import find_unit
from bittrue.hdl.printer.verilog_output import to_verilog
from tests.flows.formal.registers import register

ONE_BEAT = Movement({"i": (2, 2)}, {"o": (np.arange(2), 2)}, width=1)


def results(movement: Movement, **changed: str) -> list[str]:
    """Return what becomes of a register of a beat of two elements, with something changed."""
    return [proof.found.result for proof in prove_order(register(**changed), movement, 60)]


def test_a_register_gives_every_beat_once() -> None:
    assert results(ONE_BEAT) == [PROVED, PROVED]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"ready": "1'b1"}, 0),  # A beat is lost where the output waits.
        ({"emptied": "odd"}, 0),  # Every other beat comes twice.
        ({"payload": "{kept[0], kept[1]}"}, 0),
        ({"filled": "!odd"}, 0),  # Every other beat is dropped.
        ({"filled": "!odd"}, 1),  # The last one of them is awaited for ever.
        ({"ready": "!full && !odd"}, 1),  # It stops after a beat.
    ],
)
def test_a_register_that_moves_wrongly_is_refuted(changed: dict[str, str], rule: int) -> None:
    assert results(ONE_BEAT, **changed)[rule] == REFUTED


def test_a_wrong_place_is_refuted() -> None:
    exchanged = Movement({"i": (2, 2)}, {"o": (np.array([1, 0]), 2)}, width=1)
    assert results(exchanged)[0] == REFUTED
    border = Movement({"i": (2, 2)}, {"o": (np.array([0, CONSTANT]), 2)}, width=1, code=1)
    assert results(border)[0] == REFUTED


@pytest.mark.parametrize("name", ["fork"])
def test_parts_of_networks_move_codes_to_their_places(name: str) -> None:
    unit = find_unit(name)
    parameters = unit.parse(CASES[name][0].split())
    design = to_verilog(unit.build(**parameters), name)
    proofs = prove_order(design, movement_of(name, parameters), 120)
    assert {proof.found.result for proof in proofs} == {PROVED}


_SLOW = {"gather", "transpose"}
"""Whose stores make proofs long: some may be open, none refuted."""


@pytest.mark.regress
@pytest.mark.parametrize("name", CASES)
def test_every_unit_that_moves_codes(name: str) -> None:
    for text in CASES[name]:
        unit = find_unit(name)
        parameters = unit.parse(text.split())
        design = to_verilog(unit.build(**parameters), name)
        proofs = prove_order(design, movement_of(name, parameters), 300)
        allowed = {PROVED, OPEN} if name in _SLOW else {PROVED}
        assert {proof.found.result for proof in proofs} <= allowed
