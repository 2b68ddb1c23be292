"""``bittrue completion``: have a shell complete commands and options."""

import argparse

import shtab

from bittrue import cli

_SHELLS = ("bash", "zsh", "fish")


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
    print(shtab.complete(cli.whole_parser(), arguments.shell))
    return 0
