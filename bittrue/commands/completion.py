"""``bittrue completion``: have a shell complete commands and options."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import shtab

from bittrue import cli
from bittrue.flows.building.accelerator import SHELLS
from bittrue.flows.planning.devices import BUDGETS
from bittrue.flows.simulation.simulators.toolchain import SIMULATORS
from bittrue.flows.synthesis.yosys import DEVICES
from bittrue.flows.units import UNITS

_SHELLS = ("bash", "zsh", "fish")
_VALUES: dict[str, Iterable[str]] = {
    "device": BUDGETS,
    "family": DEVICES,
    "shell": SHELLS,
    "sim": SIMULATORS,
    "unit": UNITS,
}
"""What arguments of a name can be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell, and how its script is used."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "use:\n"
        '  bash   eval "$(bittrue completion bash)"            in ~/.bashrc\n'
        "  zsh    bittrue completion zsh > DIR/_bittrue        DIR of $fpath\n"
        "  fish   bittrue completion fish > ~/.config/fish/completions/bittrue.fish\n"
    )
    parser.add_argument("shell", choices=_SHELLS, help="whose script is printed")


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    parser = cli.whole_parser()
    for each in _actions(parser):
        if each.type is Path:
            vars(each)["complete"] = shtab.FILE
        elif each.dest in _VALUES and each.choices is None:
            # The parser itself takes any word, because commands say better what is allowed.
            each.choices = tuple(_VALUES[each.dest])
    print(shtab.complete(parser, arguments.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of its subparsers."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from _actions(subparser)
