"""Where commands print."""

import sys

from rich.console import Console

_PIPE_COLUMNS = 1 << 16


def terminal(soft_wrap: bool = False, aside: bool = False) -> Console:
    """Return a console as wide as the terminal; in a pipe or a file nothing is cut.

    Parameters
    ----------
    soft_wrap : bool
        Whether long lines are left to the terminal, too, tables among them.
    aside : bool
        Whether it is standard error, because other programs read standard output.
    """
    stream = sys.stderr if aside else sys.stdout
    width = None if stream.isatty() else _PIPE_COLUMNS
    return Console(highlight=False, width=width, soft_wrap=soft_wrap, stderr=aside)
