r"""Names for the ports that Amaranth leaves without one.

Where a module reads or drives bits that are no whole signal in it, a lane of a stream, say, whose
lanes come from registers of their own, Amaranth names the port after the number of a cell in its
netlist: ``port$14389$0``. That says nothing, and changes with every edit of the design.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count

_MODULE = re.compile(r"^module (\\\S+)\n(.*?)^end\n", re.MULTILINE | re.DOTALL)
_WIRE = re.compile(r"^  wire width (\d+) (?:(input|output) \d+ +)?(?:signed +)?(\\\S+)$", re.M)
_ASSIGNMENT = re.compile(r"^connect (\\\S+) (.+)$", re.MULTILINE)
_INSTANCE = re.compile(r"^  cell (\\\S+) (\\\S+)\n(.*?)^  end\n", re.MULTILINE | re.DOTALL)
_CONNECTION = re.compile(r"^    connect (\\\S+) (.+)$", re.MULTILINE)
_NAME = re.compile(
    r"^  cell (\S+) \S+$|^(    (?:connect|parameter(?: signed)?) )(\\\S+)|(\\\S+)", re.MULTILINE
)
"""A cell and its kind; the name of a connection or parameter of the latest cell; any other name."""

_CHUNK = re.compile(r"(\S+) \[(\d+)(?::(\d+))?\]|(\d+)'\S+")
_NAMELESS = re.compile(r"\\port\$\d+\$\d+$")
_NUMBERED = re.compile(r"\$\d+")


def name_ports(text: str) -> str:
    """Name every port after what its module, or else the module around it, calls the same bits.

    Parameters
    ----------
    text : str
        RTLIL as Amaranth writes it: every module has one instance, all assignments of a module
        follow its cells.

    Returns
    -------
    str
        The same design. A port that is a lane of ``i__payload`` is now called ``i__payload[3]``,
        one that is some bits of it ``i__payload[15:8]``.
    """
    modules = {match[1]: _Module(match[1], match[2]) for match in _MODULE.finditer(text)}
    children = {kind for module in modules.values() for kind in module.instances}
    for name in modules.keys() - children:
        _name_below(modules, name)
    return _MODULE.sub(lambda match: modules[match[1]].renamed(modules), text)


@dataclass(eq=False)
class _Module:
    """A module of RTLIL.

    Attributes
    ----------
    names : dict of str to str
        New names of wires.
    instances : dict of str to dict of str to str
        What the ports of each module in it are connected with.
    """

    kind: str
    body: str
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._ports: dict[str, str] = {}
        for match in _WIRE.finditer(self.body):
            self._widths[match[3]] = int(match[1])
            if match[2]:
                self._ports[match[3]] = match[2]
        self._assignments = dict(_ASSIGNMENT.findall(self.body))
        self.instances: dict[str, dict[str, str]] = {
            kind: dict(_CONNECTION.findall(connections))
            for kind, _, connections in _INSTANCE.findall(self.body)
        }

    @property
    def unreadable(self) -> list[str]:
        """The ports without a name, and those whose name has a number."""
        return [port for port in self._ports if _NUMBERED.search(port)]

    def bits_of(self, port: str) -> str:
        """Return what a port reads or drives, as assignments of this module write it."""
        if self._ports[port] == "output" and port in self._assignments:
            return self._assignments[port]
        width = self._widths[port]
        return f"{port} [{width - 1}:0]" if width > 1 else f"{port} [0]"

    def called(self, bits: str) -> str | None:
        """Return what this module calls some bits: a whole wire, or a part of one."""
        named = [wire for wire in self._assignments if wire not in self._ports]
        whole = [wire for wire in named if self._assignments[wire] == bits]
        if whole:
            return min(whole, key=lambda wire: bool(_NUMBERED.search(wire)))
        chunk = _CHUNK.fullmatch(bits)
        if chunk is not None and chunk[1] in self.names:
            return self.names[chunk[1]]
        if chunk is not None and chunk[1] in self._widths and not _NAMELESS.match(chunk[1]):
            low = int(chunk[3] or chunk[2])
            return _part(chunk[1], low, _width(bits), self._widths[chunk[1]])
        for wire in named:
            for lowest, part in _parts(self._assignments[wire]):
                if part == bits:
                    return _part(wire, lowest, _width(bits), self._widths[wire])
        return None

    def rename(self, port: str, wanted: str) -> None:
        """Give a port a name, without the number of a signal if that can be.

        A wire that was called as wanted is the same as the port, and becomes a private one. A wire
        that has the name that is found exchanges it for the wanted one, where that is free then.
        """
        called = {self.names.get(wire, wire): wire for wire in self._widths if wire != port}
        name = next(each for each in _variants(wanted) if called.get(each) not in self._ports)
        self.names[port] = name
        for taken in (wanted, name):
            wire = called.get(taken)
            if wire is None or wire in self._ports:
                continue
            exchanged = taken == name != wanted and called.get(wanted) not in self._ports
            self.names[wire] = wanted if exchanged else self._private(taken)

    def _private(self, name: str) -> str:
        """Return a name like one, for a wire that is not to be seen, which nothing has."""
        taken = {self.names.get(wire, wire) for wire in self._widths}
        hidden = f"${name[1:]}"
        return next(
            each
            for each in chain([hidden], (f"{hidden}${number}" for number in count(2)))
            if each not in taken
        )

    def renamed(self, modules: "dict[str, _Module]") -> str:
        """Return the module's text with new names, also those of the ports of modules in it."""
        inner: dict[str, str] = {}

        def rename(match: re.Match[str]) -> str:
            nonlocal inner
            kind, keyword, member, wire = match.groups()
            if kind:
                inner = modules[kind].names if kind in modules else {}
                return match[0]
            return f"{keyword}{inner.get(member, member)}" if member else self.names.get(wire, wire)

        return f"module {self.kind}\n{_NAME.sub(rename, self.body)}end\n"


def _name_below(modules: dict[str, _Module], name: str) -> None:
    """Name the ports of the modules in a module, from the top down."""
    outer = modules[name]
    for kind, connections in outer.instances.items():
        if kind not in modules:
            continue
        inner = modules[kind]
        for port in inner.unreadable:
            wanted = inner.called(inner.bits_of(port))
            if wanted is None and _NAMELESS.match(port):
                wanted = outer.called(connections[port])
            inner.rename(port, wanted or port)
        _name_below(modules, kind)


def _parts(bits: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a concatenation, each with the number of its lowest bit."""
    lowest = 0
    for match in reversed(list(_CHUNK.finditer(bits))):
        yield lowest, match[0]
        lowest += _width(match[0])


def _width(part: str) -> int:
    match = _CHUNK.fullmatch(part)
    assert match is not None
    if match[4]:
        return int(match[4])
    return int(match[2]) - int(match[3] or match[2]) + 1


def _part(wire: str, lowest: int, width: int, whole: int) -> str:
    if width == whole:
        return wire
    return f"{wire}[{lowest + width - 1}:{lowest}]" if width > 1 else f"{wire}[{lowest}]"


def _variants(wanted: str) -> Iterator[str]:
    """Yield names to try: without the number of a signal, with it, and with one more."""
    plain = _NUMBERED.sub("", wanted)
    yield plain
    yield wanted
    yield from (f"{plain}_{number}" for number in count(2))
