"""A register map as one self-contained page."""

from collections.abc import Sequence

from bittrue.flows.reports.page import page
from bittrue.hdl.shell.register_map import Register


def register_page(top: str, table: Sequence[Register]) -> str:
    """Return a map as HTML.

    Parameters
    ----------
    top : str
        Name of the design.
    table : sequence of Register
    """
    return page("registers.html", top=top, registers=table)
