"""Texts of an output folder, with places to be filled in written ``@NAME@``."""

import re
from collections.abc import Mapping
from importlib.resources import files


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its places filled in.

    Raises
    ------
    KeyError
        If there is no value for a place.
    """
    text = (files(__package__) / template).read_text()
    return re.sub(r"@([A-Z_]+)@", lambda place: str(values[place[1]]), text)
