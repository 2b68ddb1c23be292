"""The ``bittrue`` command."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from flows.command_status import STATUSES, status_of
from flows.one_line_parser import OneLineParser

COMMANDS: dict[str, str] = {
    "allocate": "choose bits for every layer of a torch module, within budgets",
    "analyze": "show where a quantized torch module loses accuracy, as a page with plots",
    "build": "turn a network into Verilog for a device, with testbench and scripts",
    "digits": "quantize the digits network, record its accumulators",
    "export": "write a network as ONNX, for ONNX Runtime to check",
    "quantize": "turn a float torch module into an integer network",
    "regress": "run every unit on every simulator, and all tests",
    "run": "execute a network exactly on recorded inputs",
    "show": "print the layers of a network, draw its graph",
    "sim": "run a network's Verilog on recorded inputs, compared with golden",
    "synth": "synthesise a unit: area and clock on a device",
    "verilog": "write a unit as Verilog",
}
"""Each subcommand, a module of `bittrue.commands`, and its line in ``bittrue --help``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status; see `STATUSES`."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = OneLineParser(
        prog="bittrue",
        description="From quantized network to Verilog, proven equal to the last bit.",
        epilog=f"'bittrue COMMAND --help' explains a command.\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return status_of(f"bittrue {' '.join(words[:1])}".strip(), lambda: _run(parser, words))


def _run(parser: argparse.ArgumentParser, words: Sequence[str]) -> int:
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if words[:1] == [name]:  # The other commands' modules are not imported.
            command = importlib.import_module(f"bittrue.commands.{name}")
            command.add_arguments(subparser)
            subparser.set_defaults(run=command.run)
    arguments = parser.parse_args(words)
    return int(arguments.run(arguments))
