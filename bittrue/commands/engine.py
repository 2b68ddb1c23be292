"""``bittrue engine``: the engine's circuit for a device, which runs any network's program."""

import argparse
from pathlib import Path

from bittrue.flows.building.engine_folder import write_engine
from bittrue.flows.building.output_folder import check_replaceable
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.engine.configuration import CONFIGURATIONS, read_configuration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add device and folder."""
    parser.add_argument(
        "--device",
        required=True,
        metavar="NAME",
        help=f"one of: {', '.join(CONFIGURATIONS)}; or a folder with engine.json",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a folder")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder."""
    console = terminal()
    engine = read_configuration(arguments.device)
    check_replaceable(arguments.output)
    with console.status("Verilog"):
        write_engine(arguments.output, engine, arguments.device)
    console.print(
        f"{arguments.output}: {engine.pixels} x {engine.lanes} x {engine.outputs} = "
        f"{engine.products} products a cycle; compile networks with --engine {arguments.output}",
        soft_wrap=True,
    )
    return 0
