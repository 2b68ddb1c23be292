"""A register map as one self-contained page."""

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from bittrue.hdl.shell.register_map import Register


def register_page(top: str, table: Sequence[Register]) -> str:
    """Return a map as HTML.

    Parameters
    ----------
    top : str
        Name of the design.
    table : sequence of Register
    """
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    template = (files("bittrue.flows.building") / "templates" / "registers.html").read_text()
    return environment.from_string(template).render(top=top, registers=table)
