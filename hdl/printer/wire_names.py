"""Names for the wires that Yosys puts between one operation and the next, and calls ``_12_``.

Each is named after what takes it: the next value of a register, the condition under which it
changes, the port of an instance, or a term of any of these or of a net. So are the functions
that it writes for wide multiplexers: a net's choice.
"""

import re
from collections.abc import Callable, Iterator

_ANONYMOUS = re.compile(r"^  wire (?:signed )?(?:\[\S+\] )?(_\d+_);", re.MULTILINE)
_TOKEN = re.compile(r"(?<![\w'])_\d+_(?!\w)")
_REGISTER = re.compile(r"\b(\w+)(?:\[\S+\])? <= ([^;]+);")
_CONDITION = re.compile(r"if \(!?(_\d+_)\)\s+(?:if \(\S+\)\s+)?(\w+)(?:\[\S+\])? <=")
_ASSIGNMENT = re.compile(r"^  assign (?:\{ )?(\w+).*? = (.+);$", re.MULTILINE)
_INSTANCE = re.compile(r"^  \w+ (?:#\(.*?\) )?(\w+) \(\n(.*?)^  \);", re.MULTILINE | re.DOTALL)
_CONNECTION = re.compile(r"^    \.(\w+)\((.+)\),?$", re.MULTILINE)
_FUNCTION = re.compile(r"\b(\w+)(?:\[\S+\])?(?: \})? <?= (_\d+_)\(")
_WHOLE = re.compile(r"_\d+_(?:\[\S+\])?")
_TERM = re.compile(r"_term(_\d+)?$")


def name_wires(body: str, unique: Callable[[str], str]) -> str:
    """Name the anonymous wires of a module.

    Parameters
    ----------
    body : str
        The module's text behind its ports.
    unique : callable
        Returns a name like a given one that nothing else has.

    Returns
    -------
    str
        The same statements.
    """
    anonymous = dict.fromkeys(_ANONYMOUS.findall(body))
    takers: dict[str, str] = {}
    for wire, name in _uses(body):
        takers.setdefault(wire, name)
    names: dict[str, str] = {}
    for wire in anonymous:
        chain = []
        while wire in anonymous and wire not in names and wire not in chain:
            chain.append(wire)
            wire = takers.get(wire, "")
        # The name of a term begins with that of what takes it, so the last one is named first.
        name = "" if wire in chain else names.get(wire, wire)
        for taken in reversed(chain):
            if name and (taken != chain[-1] or wire in names):
                name = f"{_TERM.sub('', name)}_term"
            if name:
                names[taken] = name = unique(name)
    body = _TOKEN.sub(lambda match: names.get(match[0], match[0]), body)
    functions = {name: unique(f"{taker}_choice") for taker, name in _FUNCTION.findall(body)}
    return _TOKEN.sub(lambda match: functions.get(match[0], match[0]), body)


def _uses(body: str) -> Iterator[tuple[str, str]]:
    """Yield wires and what each is to be called, the most telling name first.

    The name is a wire's own where it is a term of that one.
    """
    for match in _REGISTER.finditer(body):
        if _WHOLE.fullmatch(match[2]):
            yield _TOKEN.findall(match[2])[0], f"{match[1]}_next"
    for match in _CONDITION.finditer(body):
        yield match[1], f"{match[2]}_condition"
    connections = [
        (f"{instance}_{port}", value)
        for instance, inside in _INSTANCE.findall(body)
        for port, value in _CONNECTION.findall(inside)
    ]
    for name, value in connections:
        if _WHOLE.fullmatch(value):
            yield _TOKEN.findall(value)[0], name
    terms = [*connections, *_REGISTER.findall(body), *_ASSIGNMENT.findall(body)]
    for name, value in terms:
        for wire in _TOKEN.findall(value):
            if wire != name:
                yield wire, name if _TOKEN.fullmatch(name) else f"{name}_term"
