"""Command lines that say in one line what is wrong with them."""

import argparse
from typing import Any, NoReturn

from bittrue.flows.command_status import EXIT_USER_ERROR, STATUSES


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, as those of the commands themselves are.

    Options are written out: an abbreviation would come to mean another one when options are added.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options | {"allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and exit with status 2."""
        text = " ".join(message.split())
        self.exit(EXIT_USER_ERROR, f"{self.prog}: {text}; '{self.prog} --help' explains\n")


def command_parser(prog: str, description: str | None) -> OneLineParser:
    """Return the parser of a command that ends with one of `STATUSES`."""
    return OneLineParser(
        prog=prog,
        description=description,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
