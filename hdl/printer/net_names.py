r"""Names for nets: after the instance and port that drive them.

Amaranth names a net after any signal of the modules around it, and tells those of one name apart by
numbers: ``i__payload$106``. Here every net has one name, of the module that it is in: that of the
module's port; that of the signal of the module's own logic; else the one of the instance and port
that drive it, ``layer_04_convolution_o_payload``, or that it drives.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

_MODULE = re.compile(r"^module \\(\S+)\n(.*?)^end\n", re.MULTILINE | re.DOTALL)
_WIRE = re.compile(
    r"^  wire width (\d+) (?:(input|output) \d+ +)?(?:signed +)?([\\$]\S+)$", re.MULTILINE
)
_ASSIGNMENT = re.compile(r"^connect (\\\S+) (.+)$", re.MULTILINE)
_INSTANCE = re.compile(r"^  cell \\(\S+) \\(\S+)\n(.*?)^  end\n", re.MULTILINE | re.DOTALL)
_OTHER_CELL = re.compile(r"^  cell \$\S+ \\(\S+)$", re.MULTILINE)
_CONNECTION = re.compile(r"^    connect \\(\S+) (.+)$", re.MULTILINE)
_TOKEN = re.compile(
    r"^  cell (?:\\(\S+)|\S+) (\S+)$|^(    (?:connect|parameter(?: signed)?) )(\\\S+)"
    r"|^  process \S+$|^ *attribute \S+|([\\$]\S+)",
    re.MULTILINE,
)
"""Kind and name of a cell; keyword and name of its connections; any other name."""

_NUMBERED = re.compile(r"\$\d+")

_Ends = list[tuple[str, str]]
"""Instances and their ports."""

Members = Mapping[str, str]
"""Directions, ``input`` or ``output``, of the ports of a component by their names in RTLIL."""


def name_nets(text: str, members: Mapping[str, Members], keywords: set[str]) -> str:
    """Give every port and net of a design a plain name that says what it is.

    Parameters
    ----------
    text : str
        RTLIL as Amaranth writes it: a module comes before the ones in it, and all assignments of
        a module follow its cells.
    members : mapping of str to Members
        Of the component that each module was made from, if there is one.
    keywords : set of str
        Names that no net may have.

    Returns
    -------
    str
        The same design. Names of modules are as they were.
    """
    modules = [_Module(match[1], match[2]) for match in _MODULE.finditer(text)]
    known: dict[str, _Module] = {}
    for module in reversed(modules):
        module.choose_names(known, members.get(module.kind, {}), keywords)
        known[module.kind] = module
    named = iter(modules)
    return _MODULE.sub(lambda _: next(named).renamed(known), text)


@dataclass(eq=False)
class _Module:
    """A module of RTLIL.

    Attributes
    ----------
    names : dict of str to str
        New names of wires and instances, with the mark of a public or private one.
    """

    kind: str
    body: str
    names: dict[str, str] = field(default_factory=dict)

    def choose_names(
        self, known: "Mapping[str, _Module]", members: Members, keywords: set[str]
    ) -> None:
        """Choose a name for everything; `known` are the modules in this one."""
        self._read()
        self._taken = set(keywords)
        self._taken |= set(_OTHER_CELL.findall(self.body))
        for instance in self._instances:
            self.names[f"\\{instance}"] = self._unique(instance)
        for port in self._ports:
            self.names[port] = self._unique(self._port_name(port, members))
        drivers = self._instance_ports(known, "output")
        readers = self._instance_ports(known, "input")
        for bits, wires in self._classes.items():
            self._name_class(bits, wires, drivers.get(bits, []), readers.get(bits, []))

    def _read(self) -> None:
        self._widths: dict[str, int] = {}
        self._ports: dict[str, str] = {}
        for width, direction, wire in _WIRE.findall(self.body):
            self._widths[wire] = int(width)
            if direction:
                self._ports[wire] = direction
        self._assignments = dict(_ASSIGNMENT.findall(self.body))
        self._instances = {
            name: (kind, dict(_CONNECTION.findall(connections)))
            for kind, name, connections in _INSTANCE.findall(self.body)
        }
        self._classes: dict[str, list[str]] = {}
        for wire in self._widths:
            bits = self._assignments.get(wire, self._whole(wire))
            self._classes.setdefault(bits, []).append(wire)

    def _whole(self, wire: str) -> str:
        """Return all bits of a wire, as assignments write them."""
        width = self._widths[wire]
        return f"{wire} [{width - 1}:0]" if width > 1 else f"{wire} [0]"

    def _unique(self, wanted: str) -> str:
        """Return a plain name like the wanted one that nothing in this module has."""
        plain = re.sub(r"\W+", "_", wanted.replace("__", "_").replace("$", "_")).strip("_")
        name = next(each for each in _variants(plain) if each not in self._taken)
        self._taken.add(name)
        return f"\\{name}"

    def _port_name(self, port: str, members: Members) -> str:
        """Return what the component calls a port, or else what the port is called."""
        own = port[1:]
        direction = self._ports[port]
        if members.get(_base(own)) != direction:
            bits = self._assignments.get(port, self._whole(port))
            for wire in self._classes[bits]:
                if members.get(_base(wire[1:])) == direction:
                    own = wire[1:]
                    break
        return _NUMBERED.sub("", own)

    def _instance_ports(
        self, known: "Mapping[str, _Module]", direction: str
    ) -> dict[str, list[tuple[str, str]]]:
        """Return for bits the instances and ports, named as they will be, that are so connected."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, (kind, connections) in self._instances.items():
            if kind not in known:
                continue
            inner = known[kind]
            for port, bits in connections.items():
                if inner._ports.get(f"\\{port}") == direction:
                    new = inner.names[f"\\{port}"][1:]
                    found.setdefault(bits, []).append((name, new))
        return found

    def _name_class(self, bits: str, wires: list[str], drivers: _Ends, readers: _Ends) -> None:
        """Name the wires that are the same bits: one of them, and the ports among them, openly."""
        ports = [wire for wire in wires if wire in self._ports]
        others = [wire for wire in wires if wire not in self._ports]
        driver = next((wire for wire in others if self._whole(wire) == bits), None)
        chosen = None if drivers or driver is None else self._own_name(driver, others, readers)
        if driver is not None and not ports:
            if chosen is None and (drivers or readers):
                chosen = "_".join((drivers or readers)[0])
            if chosen is None and driver.startswith("\\"):
                chosen = _NUMBERED.sub("", driver[1:])
            if chosen is None:
                public = (wire for wire in others if wire.startswith("\\"))
                chosen = next((_NUMBERED.sub("", wire[1:]) for wire in public), None)
        for wire in others:
            if wire == driver and chosen is not None and not (ports and driver.startswith("$")):
                self.names[wire] = self._unique(chosen)
            elif wire.startswith("\\"):
                self.names[wire] = f"$hidden${wire[1:]}"

    def _own_name(self, driver: str, wires: list[str], readers: _Ends) -> str | None:
        """Return the name of a signal of the module's own logic, if the author gave it one."""
        borrowed = {port for _, port in readers}
        for wire in (driver, *wires):
            name = wire[1:]
            own = wire.startswith("\\") and "__" not in name and not _NUMBERED.search(name)
            if own and (wire == driver or name not in borrowed):
                return name
        return None

    def renamed(self, known: "Mapping[str, _Module]") -> str:
        """Return the module's text with new names, also those of the ports of modules in it."""
        inner: dict[str, str] = {}

        def rename(match: re.Match[str]) -> str:
            nonlocal inner
            kind, cell, keyword, member, wire = match.groups()
            if cell:
                inner = known[kind].names if kind in known else {}
                return f"  cell \\{kind} {self.names[cell]}" if kind else match[0]
            if member:
                return keyword + inner.get(member, member)
            return self.names.get(wire, wire) if wire else match[0]

        return f"module \\{self.kind}\n{_TOKEN.sub(rename, self.body)}end\n"


def _base(name: str) -> str:
    """Return the name of a signal of which another one is a lane or a field, without its number."""
    return re.split(r"[\[.]", _NUMBERED.sub("", name), maxsplit=1)[0]


def _variants(name: str) -> Iterator[str]:
    """Yield a name and others like it."""
    yield name
    yield from (f"{name}_{number}" for number in count(2))
