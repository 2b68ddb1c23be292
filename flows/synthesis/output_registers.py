"""Registers behind the block RAMs of an ECP5, moved into them.

A block RAM of the ECP5 answers 5.6 ns after its clock edge, or 1.0 ns after it from its own output
register. Lattice's tools move a register into it that stands behind the memory; Yosys leaves it
outside. This does it in the netlist between Yosys and nextpnr:

    python -m bittrue.flows.synthesis.output_registers netlist.json
"""

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bittrue.golden.files.atomic_file import write_atomically

_MEMORY = "DP16KD"
_REGISTER = "TRELLIS_FF"
_ALWAYS = "1"
_WHOLE_WIDTH = 36
"""Bits of a word, of a block RAM that has one read port."""

Cell = dict[str, Any]


def use_output_registers(netlist: dict[str, Any]) -> int:
    """Let block RAMs register their outputs where nothing but a register reads them.

    Parameters
    ----------
    netlist : dict
        What Yosys writes by ``write_json`` after ``synth_ecp5``; changed in place.

    Returns
    -------
    int
        Registers, of one bit each, that block RAMs have taken in.

    Notes
    -----
    A port's outputs are taken together: all that are used must each be read by one register alone,
    all of one clock and one enable, none with a reset. Source: Lattice FPGA-TN-02204, output
    registers of the dual-port block RAM (``REGMODE``, ``OCE``).
    """
    return sum(_use_in_module(module) for module in netlist["modules"].values())


def _use_in_module(module: dict[str, Any]) -> int:
    cells: dict[str, Cell] = module["cells"]
    readers = _readers(module)
    registers = {
        cell["connections"]["DI"][0]: name
        for name, cell in cells.items()
        if cell["type"] == _REGISTER and cell["connections"].get("DI")
    }
    taken = 0
    for memory in [cell for cell in cells.values() if cell["type"] == _MEMORY]:
        for clock, ports in _read_ports(memory):
            outputs = _used_outputs(memory, ports, readers)
            names = [registers[bit] for bit in outputs.values() if bit in registers]
            found = [cells[name] for name in names]
            alone = all(readers[bit] == 1 for bit in outputs.values())
            if not found or len(found) < len(outputs) or not alone:
                continue
            enables = {_enable(register) for register in found}
            clocks = {register["connections"]["CLK"][0] for register in found}
            plain = all(_is_plain(register) for register in found)
            if len(enables) > 1 or clocks != set(memory["connections"][clock]) or not plain:
                continue
            for port in ports:
                memory["parameters"][f"REGMODE_{port}"] = "OUTREG"
                memory["connections"][f"OCE{port}"] = list(enables)
            for pin, register in zip(outputs, found, strict=True):
                memory["connections"][pin] = register["connections"]["Q"]
            for name in names:
                del cells[name]
            taken += len(names)
    return taken


def _read_ports(memory: Cell) -> list[tuple[str, str]]:
    """Return the clock pin of each read port, and the letters of the pins it has outputs on."""
    if int(memory["parameters"]["DATA_WIDTH_B"], 2) == _WHOLE_WIDTH:
        return [("CLKB", "AB")]  # Written by one port and read by the other, with all pins of both.
    return [("CLKA", "A"), ("CLKB", "B")]


def _readers(module: dict[str, Any]) -> Counter[object]:
    """Return how many pins of cells and bits of ports read each net."""
    counts: Counter[object] = Counter()
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] != "output":
                counts.update(bits)
    for port in module["ports"].values():
        if port["direction"] != "input":
            counts.update(port["bits"])
    return counts


def _used_outputs(memory: Cell, ports: str, readers: Counter[object]) -> dict[str, object]:
    pins = {
        pin: bits[0]
        for pin, bits in memory["connections"].items()
        if re.fullmatch(rf"DO[{ports}]\d+", pin) and bits
    }
    return {pin: bit for pin, bit in pins.items() if readers[bit]}


def _is_plain(register: Cell) -> bool:
    """Tell whether it takes the rising edge, waits for no inverted enable, and is never reset."""
    parameters = register["parameters"]
    return (
        parameters["CLKMUX"].strip() == "CLK"
        and parameters["REGSET"].strip() == "RESET"
        and parameters["CEMUX"].strip() in ("1", "CE")
        and register["connections"].get("LSR", ["0"]) == ["0"]
    )


def _enable(register: Cell) -> object:
    mux = register["parameters"]["CEMUX"].strip()
    if mux == "1":
        return _ALWAYS
    return register["connections"]["CE"][0]


def rewrite_netlist(path: Path) -> int:
    """Do so in a file that Yosys has written; return how many registers moved."""
    netlist = json.loads(path.read_text())
    moved = use_output_registers(netlist)
    write_atomically(path, json.dumps(netlist).encode())
    return moved


def main() -> int:
    """Rewrite a netlist; say how many registers moved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path, help="written by Yosys's write_json")
    path = parser.parse_args().netlist
    print(f"{path}: {rewrite_netlist(path)} registers are in block RAMs now")
    return 0


if __name__ == "__main__":
    sys.exit(main())
