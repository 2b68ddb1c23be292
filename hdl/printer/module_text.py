"""The Verilog that Yosys writes, as a person would lay it out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, groupby

from bittrue.hdl.printer.wire_names import name_wires

_MODULE = re.compile(
    r"^module (\w+)(?: (#\(.*?\)))? ?\(([^)]*)\);\n(.*?)^endmodule\n", re.MULTILINE | re.DOTALL
)
_PORT = re.compile(
    r"^  (input|output) (?:\[\S+\] )?(\w+);\n  (wire|reg) (.*?)\b\2( = [^;]+)?;\n", re.MULTILINE
)
_REGISTER = re.compile(r"^  reg (?:signed )?(?:\[\S+\] )?(_\d+_)(?: |;)", re.MULTILINE)
_DECLARATION = re.compile(r"^  (?:wire|reg) [^;]+;\n", re.MULTILINE)
_ESCAPED = re.compile(r"\\(\S+) ")
_STATEMENT = re.compile(r"  (\w+)")
_KINDS = {"reg": "nets", "wire": "nets", "assign": "assign", "always": "always"}
"""Statements that stay together; an instance of a module stands alone."""

_CONCATENATION = re.compile(r"\{ ([^{}]+) \}")


def lay_out(text: str, headers: Mapping[str, str], ports: Mapping[str, Sequence[str]]) -> str:
    """Give every module a header and its ports one line each, and names to what has none.

    Parameters
    ----------
    text : str
        Modules as Yosys writes them, with plain names.
    headers : mapping of str to str
        Comments, by the name of the module that they belong above.
    ports : mapping of str to sequence of str
        What a module's ports are called, or begin with, in the order wanted; clock and reset,
        which are not named here, come first.

    Returns
    -------
    str
        The same modules.
    """

    def module(match: re.Match[str]) -> str:
        name, parameters, listed, body = match.groups()
        declarations: dict[str, str] = {}

        def take(port: re.Match[str]) -> str:
            direction, port_name, kind, width, initial = port.groups()
            declarations[port_name] = f"  {direction} {kind} {width}{port_name}{initial or ''}"
            return ""

        body = _PORT.sub(take, body)
        body = _CONCATENATION.sub(_repeat, _name_all(body, declarations))
        body = "".join([*_DECLARATION.findall(body), _DECLARATION.sub("", body)])
        order = _in_order([each.strip() for each in listed.split(",")], ports.get(name, ()))
        interface = ",\n".join(declarations[port] for port in order)
        start = f"module {name} {parameters} (" if parameters else f"module {name} ("
        return f"{headers.get(name, '')}{start}\n{interface}\n);\n{_spaced(body)}endmodule\n"

    return _MODULE.sub(module, text)


def _in_order(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return ports: those that are not wanted first, the others in that order, lanes in theirs."""
    places = {name: place for place, name in enumerate(wanted)}

    def key(port: str) -> tuple[int, list[int], str]:
        if port in places:
            return places[port], [], port
        whole = max((n for n in places if port.startswith(f"{n}_")), key=len, default=None)
        lanes = [int(number) for number in re.findall(r"\d+", port[len(whole or "") :])]
        return -1 if whole is None else places[whole], lanes if whole else [], port

    return sorted(present, key=key)


def _name_all(body: str, ports: Iterable[str]) -> str:
    """Name what Yosys has no name for.

    These are wires between operations, and the registers that it makes where some bits of a
    register are constant.
    """
    taken = {*ports, *re.findall(r"\b[A-Za-z_]\w*", body)}

    def unique(wanted: str) -> str:
        name = next(each for each in _variants(wanted) if each not in taken)
        taken.add(name)
        return name

    names: dict[str, str] = {}
    for register in _REGISTER.findall(body):
        target = re.search(rf"^  assign (?:\{{ )?(\w+).*? = {register};$", body, re.MULTILINE)
        if target:
            names[register] = unique(f"{target[1]}_reg")
    if names:
        body = re.sub(r"\b_\d+_(?!\w)", lambda match: names.get(match[0], match[0]), body)
    escaped = {name: unique(re.sub(r"\W+", "_", name).strip("_")) for name in _escaped_of(body)}
    return name_wires(_ESCAPED.sub(lambda match: escaped[match[1]], body), unique)


def _escaped_of(body: str) -> Iterator[str]:
    """Yield the names that only a backslash makes names, once each."""
    yield from dict.fromkeys(_ESCAPED.findall(body))


def _variants(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _repeat(match: re.Match[str]) -> str:
    """Write parts of a concatenation that repeat, such as a sign, once."""
    parts = []
    for part, same in groupby(match[1].split(", ")):
        number = len(list(same))
        parts.append(part if number == 1 else f"{{{number}{{{part}}}}}")
    return parts[0] if len(parts) == 1 and parts[0] != match[1] else f"{{ {', '.join(parts)} }}"


def _spaced(body: str) -> str:
    """Part declarations, assignments, registers and instances of modules by empty lines."""
    lines: list[str] = []
    last = ""
    for line in body.splitlines():
        kind = _STATEMENT.match(line)
        now = _KINDS.get(kind[1], line) if kind else last
        if last and now != last:
            lines.append("")
        lines.append(line)
        last = now
    return "".join(f"{line}\n" for line in lines)
