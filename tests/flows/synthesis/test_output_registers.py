"""Registers move into block RAMs only where nothing else would see the difference."""

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.synthesis.output_registers import main, use_output_registers

CLOCK, ENABLE, OTHER = 2, 3, 4
FOUND = (10, 11)
"""Nets of the memory's outputs that are used; 12 is one that nothing reads."""
REGISTERED = (20, 21)

Netlist = dict[str, Any]


def register(data: int, out: int, enable: str = "1 ") -> dict[str, Any]:
    return {
        "type": "TRELLIS_FF",
        "parameters": {"CEMUX": enable, "CLKMUX": "CLK", "LSRMUX": "LSR", "REGSET": "RESET"},
        "port_directions": dict.fromkeys(("CLK", "CE", "DI", "LSR"), "input") | {"Q": "output"},
        "connections": {"CLK": [CLOCK], "CE": [ENABLE], "DI": [data], "LSR": ["0"], "Q": [out]},
    }


def netlist(port: str = "A", enable: str = "1 ", width: int = 18) -> Netlist:
    outputs = {f"DO{port}{k}": [net] for k, net in enumerate((*FOUND, 12))}
    if width == 36:
        outputs["DOB1"] = outputs.pop("DOA1")
    pins = {
        "CLKA": [CLOCK],
        "CLKB": [CLOCK],
        "CEA": ["1"],
        "CEB": ["1"],
        "OCEA": ["1"],
        "OCEB": ["1"],
    }
    memory = {
        "type": "DP16KD",
        "parameters": {
            "REGMODE_A": "NOREG",
            "REGMODE_B": "NOREG",
            "DATA_WIDTH_B": f"{width:b}",
        },
        "port_directions": dict.fromkeys(pins, "input") | dict.fromkeys(outputs, "output"),
        "connections": pins | outputs,
    }
    cells = {"memory": memory}
    for k, (data, out) in enumerate(zip(FOUND, REGISTERED, strict=True)):
        cells[f"register_{k}"] = register(data, out, enable)
    ports = {"o": {"direction": "output", "bits": list(REGISTERED)}}
    return {"modules": {"top": {"ports": ports, "cells": cells}}}


@pytest.mark.parametrize("port", ["A", "B"])
@pytest.mark.parametrize(("enable", "expected"), [("1 ", "1"), ("CE", ENABLE)])
def test_registers_behind_a_memory_move_into_it(port: str, enable: str, expected: object) -> None:
    given = netlist(port, enable)
    assert use_output_registers(given) == 2
    cells = given["modules"]["top"]["cells"]
    assert list(cells) == ["memory"]
    other = {"A": "B", "B": "A"}[port]
    parameters = cells["memory"]["parameters"]
    assert parameters[f"REGMODE_{port}"] == "OUTREG"
    assert parameters[f"REGMODE_{other}"] == "NOREG"
    connections = cells["memory"]["connections"]
    assert connections[f"OCE{port}"] == [expected]
    assert connections[f"OCE{other}"] == ["1"]
    assert [connections[f"DO{port}{k}"] for k in range(3)] == [[20], [21], [12]]


def test_a_memory_of_whole_words_has_one_read_port() -> None:
    given = netlist("A", "CE", width=36)
    assert use_output_registers(given) == 2
    memory = cells_of(given)["memory"]
    assert [memory["parameters"][f"REGMODE_{port}"] for port in "AB"] == ["OUTREG", "OUTREG"]
    connections = memory["connections"]
    assert [connections[f"OCE{port}"] for port in "AB"] == [[ENABLE], [ENABLE]]
    assert [connections["DOA0"], connections["DOB1"]] == [[20], [21]]


def test_a_memory_of_whole_words_moves_them_together_or_not_at_all() -> None:
    given = netlist("A", width=36)
    cells_of(given)["register_1"]["connections"]["LSR"] = [OTHER]
    before = copy.deepcopy(given)
    assert use_output_registers(given) == 0
    assert given == before


def cells_of(given: Netlist) -> dict[str, Any]:
    cells: dict[str, Any] = given["modules"]["top"]["cells"]
    return cells


def read_by_a_port(given: Netlist) -> None:
    given["modules"]["top"]["ports"]["o"]["bits"].append(FOUND[0])


def read_by_logic(given: Netlist) -> None:
    cells_of(given)["logic"] = {
        "type": "LUT4",
        "port_directions": {"A": "input", "Z": "output"},
        "connections": {"A": [FOUND[1]], "Z": [30]},
    }


def read_twice(given: Netlist) -> None:
    cells_of(given)["again"] = register(FOUND[1], 31)


def read_by_nothing_registered(given: Netlist) -> None:
    del cells_of(given)["register_1"]
    read_by_logic(given)


def reset(given: Netlist) -> None:
    cells_of(given)["register_0"]["connections"]["LSR"] = [OTHER]


def set_at_first(given: Netlist) -> None:
    cells_of(given)["register_0"]["parameters"]["REGSET"] = "SET"


def another_enable(given: Netlist) -> None:
    cells_of(given)["register_0"]["parameters"]["CEMUX"] = "CE"


def inverted_enable(given: Netlist) -> None:
    for k in range(2):
        cells_of(given)[f"register_{k}"]["parameters"]["CEMUX"] = "INV"


def falling_edge(given: Netlist) -> None:
    cells_of(given)["register_1"]["parameters"]["CLKMUX"] = "INV"


def another_clock(given: Netlist) -> None:
    for k in range(2):
        cells_of(given)[f"register_{k}"]["connections"]["CLK"] = [OTHER]


@pytest.mark.parametrize(
    "change",
    [
        read_by_a_port,
        read_by_logic,
        read_twice,
        read_by_nothing_registered,
        reset,
        set_at_first,
        another_enable,
        inverted_enable,
        falling_edge,
        another_clock,
    ],
)
def test_what_would_be_seen_stays(change: Callable[[Netlist], None]) -> None:
    given = netlist()
    change(given)
    before = copy.deepcopy(given)
    assert use_output_registers(given) == 0
    assert given == before


def test_a_file_is_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "netlist.json"
    path.write_text(json.dumps(netlist()))
    monkeypatch.setattr(sys, "argv", ["output_registers", str(path)])
    assert main() == 0
    assert capsys.readouterr().out == f"{path}: 2 registers are in block RAMs now\n"
    assert list(cells_of(json.loads(path.read_text()))) == ["memory"]
