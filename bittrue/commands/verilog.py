"""``bittrue verilog``: write a unit as Verilog."""

import argparse
import os
from pathlib import Path

from bittrue.flows.units import UNITS, describe_units, find_unit
from bittrue.hdl.printer.rom_files import write_design
from bittrue.hdl.printer.verilog_output import to_verilog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add unit, parameters and output folder."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = describe_units()
    parser.add_argument("unit", help=f"one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument("--output", type=Path, default=Path("sim_build/verilog"), help="a folder")


def run(arguments: argparse.Namespace) -> int:
    """Write ``UNIT.v`` and the ROM files beside it."""
    unit = find_unit(arguments.unit)
    parameters = unit.parse(arguments.parameters)
    design = to_verilog(unit.build(**parameters), arguments.unit, unit.texts(arguments.parameters))
    arguments.output.mkdir(parents=True, exist_ok=True)
    for path in write_design(arguments.output, design):
        print(os.fspath(path))
    return 0
