"""Pages that need no other file: one head, one style, and what each has to say."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bittrue.flows.reports.colors import COLORS

_PAGES = Path(__file__).parent / "pages"


def environment() -> Environment:
    """Return what pages are made in, for those that add filters; `colors` is known to all."""
    made = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["colors"] = COLORS
    return made


def page(name: str, /, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    name : str
        Of its file in ``pages``, which extends ``base.html``.
    **values
        What it is filled with; text is escaped.
    """
    return environment().get_template(name).render(**values)
