"""The ``bittrue`` command."""

import argparse
import importlib
import sys
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path

from bittrue.flows.command_status import STATUSES, status_of
from bittrue.flows.one_line_parser import OneLineParser

COMMANDS: dict[str, str] = {
    "allocate": "choose bits for every layer of a torch module, within budgets",
    "analyze": "show where a quantized torch module loses accuracy, as a page with plots",
    "build": "turn a network into Verilog for a device, with testbench and scripts",
    "check": "tell everything that stands between a network and a device",
    "compile": "turn a network into a program of the engine, exact from memory to memory",
    "completion": "print a script that has a shell complete commands and options",
    "devices": "list the FPGAs that networks are planned for",
    "digits": "quantize the digits network, record its accumulators",
    "engine": "write the engine, one circuit that runs any network's program, as Verilog",
    "evaluate": "measure a network on labelled data",
    "export": "write a network as ONNX, for ONNX Runtime to check",
    "fuzz": "compare random networks in golden, ONNX Runtime and simulators",
    "quantize": "turn a float torch module into an integer network",
    "regress": "run every unit on every simulator, and all tests",
    "run": "execute a network exactly on recorded inputs",
    "show": "print the layers of a network and what it is fed, draw its graph",
    "sim": "run a network's Verilog on recorded inputs, compared with golden",
    "synth": "synthesise a unit: area and clock on a device family",
    "verilog": "write a unit as Verilog",
}
"""Each subcommand, a module of `bittrue.commands`, and its line in ``bittrue --help``."""

_OF_A_CHECKOUT = {"regress"}
"""Those that run what is no part of the package."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status; see `STATUSES`."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = f"bittrue {' '.join(words[:1])}".strip()
    return status_of(name, lambda: _run(words))


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser with the arguments of every subcommand."""
    return _parser(available())


def available() -> dict[str, str]:
    """Return the subcommands that work in the current folder."""
    checkout = Path("cocotb_tests/__main__.py").is_file() and Path("tests").is_dir()
    return {
        name: summary
        for name, summary in COMMANDS.items()
        if checkout or name not in _OF_A_CHECKOUT
    }


def _run(words: Sequence[str]) -> int:
    # The other commands' modules are not imported.
    arguments = _parser(words[:1]).parse_args(words)
    arguments.words = words
    return int(arguments.run(arguments))


def _parser(complete: Collection[str]) -> argparse.ArgumentParser:
    """Return the parser; the subcommands named are complete, the others known by name alone."""
    parser = OneLineParser(
        prog="bittrue",
        description="From quantized network to Verilog, proven equal to the last bit.",
        epilog=f"'bittrue COMMAND --help' explains a command.\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bittrue {version('bittrue')}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in available().items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if name in complete:
            command = importlib.import_module(f"bittrue.commands.{name}")
            command.add_arguments(subparser)
            subparser.set_defaults(run=command.run)
    return parser
