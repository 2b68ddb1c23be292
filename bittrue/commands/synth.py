"""``bittrue synth``: what a unit costs on a device family, and how fast it runs."""

import argparse
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.synthesis.yosys import DEVICES, find_device, synthesise
from bittrue.flows.units import UNITS, describe_units, find_unit
from bittrue.hdl.printer.verilog_output import to_verilog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add unit, parameters, family and output folder."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = describe_units()
    parser.add_argument("unit", help=f"one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument(
        "--family", default="ecp5", help=f"one of: {', '.join(DEVICES)} (default: ecp5)"
    )
    parser.add_argument("--output", type=Path, default=Path("sim_build/synth"), help="a folder")
    add_json_argument(parser, "cells, resources and clock")


def run(arguments: argparse.Namespace) -> int:
    """Print a table of resources and clock, and the path of the same as JSON."""
    unit = find_unit(arguments.unit)
    device = find_device(arguments.family)
    component = unit.build(**unit.parse(arguments.parameters))
    design = to_verilog(component, arguments.unit, unit.texts(arguments.parameters))
    console = terminal(aside=arguments.json)
    with console.status(f"{arguments.unit} on {arguments.family} (Yosys compiles at first use)"):
        result, path = synthesise(component, design, arguments.family, arguments.output)
    if arguments.json:
        print_json(asdict(result))
        return 0
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
