"""Proofs that succeed, and refutations that name inputs which show the difference."""

from dataclasses import replace

import pytest

import bittrue.hdl.blocks.bricks
from bittrue.flows.formal import shiftadd
from bittrue.flows.formal.equivalence import Claim, Proof, prove
from bittrue.flows.formal.mac import claims
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.golden.units.packing import Packing
from bittrue.golden.units.shiftadd_spec import ShiftAddSpec
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.hdl.units.mac import Mac
from bittrue.hdl.units.shiftadd import ShiftAddUnit

INT4 = IntegerType(4, True)
PACKED = MacSpec(INT4, INT4, columns=2, multiplier=Multiplier.PACKED_MULT18X18D)
TABLES = MacSpec(INT4, INT4, multiplier=Multiplier.LUT)


@pytest.mark.parametrize("spec", [PACKED, TABLES, replace(TABLES, a=IntegerType(3, False))])
def test_exact_circuits_are_proved(spec: MacSpec) -> None:
    component = Mac(spec)
    design = to_verilog(component, "mac")
    proofs = [prove(component, design, claim) for claim in claims(component).values()]
    assert len(proofs) == spec.columns
    for proof in proofs:
        assert proof.proved
        assert proof.counterexample == {}
        assert proof.free_bits == spec.a.width + spec.b.width * spec.columns


def test_a_missing_correction_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    component = Mac(PACKED)
    monkeypatch.setattr(Packing, "wide_bias", 0)
    proof = prove(component, to_verilog(component, "mac"), claims(component)["o[0][1]"])
    assert not proof.proved
    assert set(proof.counterexample) == {"a_0_0", "b_0_0", "b_1_0"}


def test_a_wrong_claim_is_refuted_by_inputs_that_break_it() -> None:
    component = Mac(TABLES)
    claim = Claim({"0.0": "a_0_0 * b_0_0 + (a_0_0 == 3 && b_0_0 == -5)"}, {"last": 1}, 20)
    proof = prove(component, to_verilog(component, "mac"), claim)
    assert proof.counterexample == {"a_0_0": 3, "b_0_0": 16 - 5}


def shift_add_proof() -> Proof:
    component = ShiftAddUnit(ShiftAddSpec(maximum_width=8, length=16))
    claim = shiftadd.claims(component)["int2 x uint4"]
    return prove(component, to_verilog(component, "shiftadd"), claim)


def test_a_shift_add_mode_is_proved() -> None:
    assert shift_add_proof().proved


def test_bricks_without_signs_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    right = bittrue.hdl.blocks.bricks._product

    def unsigned(x0: int, x1: int, y0: int, y1: int, x_signed: int, y_signed: int) -> int:
        return right(x0, x1, y0, y1, 0, 0)

    monkeypatch.setattr(bittrue.hdl.blocks.bricks, "_product", unsigned)
    assert not shift_add_proof().proved
