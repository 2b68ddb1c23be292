"""``bittrue devices``: the FPGAs that networks are planned for."""

import argparse

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.planning.devices import BUDGETS
from bittrue.flows.reports.terminal import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form of the table."""
    parser.epilog = (
        "Tables, multipliers and block RAMs are those of the family, which differ in size; "
        "for a device that is not here, 'bittrue build --budget lut=N,dsp=N,bram=N'"
    )
    add_json_argument(parser, "the table")


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    if arguments.json:
        print_json(
            {
                name: {
                    "summary": budget.summary,
                    "family": budget.fabric.family,
                    "luts": budget.luts,
                    "multipliers": budget.multipliers,
                    "block_rams": budget.block_rams,
                    "packages": [package for package in budget.packages if package],
                    "speeds": [speed for speed in budget.speeds if speed],
                }
                for name, budget in BUDGETS.items()
            }
        )
        return 0
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("--device", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("family", no_wrap=True)
    for heading in ("LUT", "DSP", "BRAM"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, budget in BUDGETS.items():
        numbers = (budget.luts, budget.multipliers, budget.block_rams)
        table.add_row(
            name, budget.summary, budget.fabric.family, *(f"{number:,}" for number in numbers)
        )
    terminal().print(table)
    return 0
