"""``bittrue synth``: what a unit costs on a device, and how fast it runs."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.synthesis.yosys import DEVICES, find_device, synthesise
from flows.units import UNITS, describe_units, find_unit
from hdl.printer.verilog_output import to_verilog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add unit, parameters, device and output folder."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = describe_units()
    parser.add_argument("unit", help=f"one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument("--device", default="ecp5", help=f"one of: {', '.join(DEVICES)}")
    parser.add_argument("--out", type=Path, default=Path("sim_build/synth"), help="a folder")


def run(arguments: argparse.Namespace) -> int:
    """Print a table of resources and clock, and the path of the same as JSON."""
    unit = find_unit(arguments.unit)
    device = find_device(arguments.device)
    component = unit.build(**unit.parse(arguments.parameters))
    design = to_verilog(component, arguments.unit, unit.texts(arguments.parameters))
    console = Console(highlight=False)
    with console.status(f"{arguments.unit} on {arguments.device} (Yosys compiles at first use)"):
        result, path = synthesise(component, design, arguments.device, arguments.out)
    table = Table(title=f"{arguments.unit} on {device.summary}", title_justify="left", box=None)
    for resource in result.resources:
        table.add_column(resource, justify="right")
    table.add_column("Fmax (MHz)", justify="right")
    fmax = f"{result.fmax_mhz:.1f}" if result.fmax_mhz else "-"
    table.add_row(*(f"{count:,}" for count in result.resources.values()), fmax)
    console.print(table)
    if result.note:
        console.print(f"no clock: {result.note}", soft_wrap=True)
    console.print(f"cells and tools: {path}", soft_wrap=True)
    return 0
