"""The interfaces of an accelerator with the AXI shell, by the names of its ports."""

from collections.abc import Iterator
from dataclasses import dataclass

from bittrue.flows.building.accelerator import Accelerator

CONTROL = "s_axi"


@dataclass(frozen=True)
class Bus:
    """One interface.

    Parameters
    ----------
    name : str
        Of the interface, with which its ports begin.
    kind : str
        ``aximm``, ``axis``, ``clock``, ``reset`` or ``interrupt``.
    subordinate : bool
        Whether a manager is on the other side.
    ports : dict of str to str
        The design's ports by those of the standard: ``{"TDATA": "s_axis_tdata", ...}``.
    """

    name: str
    kind: str
    subordinate: bool
    ports: dict[str, str]


def buses(accelerator: Accelerator) -> Iterator[Bus]:
    """Yield the interfaces in the order of the design's ports; together they have all of them."""
    names = [port.name for port in accelerator.ports]
    streams = [end.prefix for end in accelerator.inputs]
    yield _bus(names, CONTROL, "aximm", True)
    for name in streams:
        yield _bus(names, name, "axis", True)
    for end in accelerator.outputs:
        yield _bus(names, end.prefix, "axis", False)
    for clock in accelerator.clocks:
        yield Bus(clock, "clock", True, {"CLK": clock})
    yield Bus("aresetn", "reset", True, {"RST": accelerator.reset})
    yield Bus("irq", "interrupt", False, {"INTERRUPT": "irq"})


def clocked(accelerator: Accelerator) -> dict[str, list[str]]:
    """Return the clocks, with the names of the interfaces that each drives."""
    names = [bus.name for bus in buses(accelerator) if bus.kind in ("aximm", "axis")]
    if len(accelerator.clocks) == 1:
        return {accelerator.clock: names}
    core, data, control = accelerator.clocks
    return {core: [], data: [name for name in names if name != CONTROL], control: [CONTROL]}


def _bus(names: list[str], name: str, kind: str, subordinate: bool) -> Bus:
    """Return an interface; no name of a stream is the beginning of another's port."""
    ports = {
        port.rpartition("_")[2].upper(): port for port in names if port.rpartition("_")[0] == name
    }
    return Bus(name, kind, subordinate, ports)
