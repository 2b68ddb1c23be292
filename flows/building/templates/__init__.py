"""Texts of an output folder, with places to be filled in written ``@NAME@``.

Lines between ``@EACH KIND@`` and ``@END@`` are written once for each member of a kind, with values
of its own.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType

Values = Mapping[str, object]


def fill(
    template: str, values: Values, members: Mapping[str, Sequence[Values]] = MappingProxyType({})
) -> str:
    """Return a template with its places filled in.

    Parameters
    ----------
    template : str
        Name of its file.
    values : mapping of str to object
        By place.
    members : mapping of str to sequence of mapping
        By kind, for each member what it has beside `values`.

    Raises
    ------
    KeyError
        If there is no value for a place, or there are no members of a kind.
    """
    text = (files(__package__) / template).read_text()

    def repeated(lines: re.Match[str]) -> str:
        return "".join(_filled(lines[2], {**values, **each}) for each in members[lines[1]])

    text = re.sub(r"@EACH ([A-Z]+)@\n(.*?)@END@\n", repeated, text, flags=re.DOTALL)
    return _filled(text, values)


def _filled(text: str, values: Values) -> str:
    return re.sub(r"@([A-Z_]+)@", lambda place: str(values[place[1]]), text)
