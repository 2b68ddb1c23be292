"""Verilator's lint, with every warning on, over the Verilog of every unit."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bittrue.flows.simulation.simulators.toolchain import verilator_environment, verilator_root
from bittrue.flows.units import UNITS
from bittrue.hdl.printer.rom_files import write_design
from bittrue.hdl.printer.verilog_output import Design, to_verilog


def lint(design: Design) -> list[str]:
    """Return Verilator's warnings about a design with the waivers that it is delivered with."""
    with tempfile.TemporaryDirectory() as folder:
        source, *_, waivers = write_design(Path(folder), design)
        finished = subprocess.run(
            [
                str(verilator_root() / "bin" / "verilator_bin"),
                "--lint-only",
                "-Wall",
                "--top-module",
                design.top,
                waivers.name,
                source.name,
            ],
            cwd=folder,
            env=verilator_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    warnings = [line for line in finished.stderr.splitlines() if line.startswith("%")]
    if finished.returncode and not warnings:
        warnings = [f"verilator ended with status {finished.returncode}"]
    return warnings


def main() -> int:
    """Lint every unit with its default parameters; 1 if there is any warning."""
    count = 0
    for name, unit in UNITS.items():
        warnings = lint(to_verilog(unit.build(**unit.parse([])), name, unit.texts([])))
        for warning in warnings:
            print(f"{name}: {warning}", file=sys.stderr)
        count += len(warnings)
    print(f"Verilog lint: {len(UNITS)} units, {count} warnings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
