"""Rules of streams, proved, and refuted where a circuit breaks them."""

import pytest

from bittrue.flows.formal.reachability import PROVED, REFUTED
from bittrue.flows.formal.stream_rules import RULES, ports_of, prove_rules
from bittrue.flows.units import find_unit
from bittrue.hdl.printer.verilog_output import to_verilog
from tests.flows.formal.registers import register


def results(**changed: str) -> list[str]:
    """Return what becomes of the rules of a register of a beat, with something changed."""
    return [proof.found.result for proof in prove_rules(register(**changed))]


def test_a_register_keeps_every_rule() -> None:
    assert len(RULES) == 2
    assert results() == [PROVED, PROVED]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"payload": "kept ^ i_payload"}, [REFUTED, PROVED]),
        ({"valid": "full && !o_ready"}, [REFUTED, PROVED]),
        ({"after_reset": "1"}, [PROVED, REFUTED]),
    ],
)
def test_a_register_that_breaks_a_rule_is_refuted(
    changed: dict[str, str], expected: list[str]
) -> None:
    assert results(**changed) == expected


@pytest.mark.parametrize("name", ["fork", "lanes"])
def test_parts_of_networks_keep_every_rule(name: str) -> None:
    unit = find_unit(name)
    design = to_verilog(unit.build(**unit.parse([])), name)
    assert [proof.found.result for proof in prove_rules(design)] == [PROVED, PROVED]


def test_inputs_of_functions_are_no_ports() -> None:
    text = """
module one(a_valid, y);
  input a_valid;
  output [1:0] y;
  function [1:0] choice;
    input [3:0] b;
    choice = b[1:0];
  endfunction
  assign y = choice({4{a_valid}});
endmodule
"""
    assert ports_of(text, "one") == {"a_valid": ("input", 1), "y": ("output", 2)}
