"""Project scripts for the tools of Intel, Lattice, Gowin and Efinix."""

from pathlib import Path

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.packages.buses import Bus, buses, clocked
from bittrue.flows.building.templates import fill
from bittrue.flows.planning.devices import Part

TOOLS = {
    "cyclonev": "quartus",
    "cyclone10lp": "quartus",
    "nexus": "radiant",
    "gowin": "gowin",
    "trion": "efinity",
    "titanium": "efinity",
}
"""Folders, each named after the tool, by the family of the device."""

_QUARTUS_FAMILIES = {"cyclonev": "Cyclone V", "cyclone10lp": "Cyclone 10 LP"}
_EFINIX_FAMILIES = {"trion": "Trion", "titanium": "Titanium"}
_EFINIX_PACKAGES = {
    "T8": "F81",
    "T13": "F256",
    "T20": "F256",
    "T35": "F324",
    "T55": "F324",
    "T85": "F324",
    "T120": "F324",
    "Ti60": "F225",
    "Ti180": "M484",
}
"""A package in which each is made; another is written into the project file."""

_PLATFORM_DESIGNER = {"aximm": "axi4lite", "axis": "axi4stream"}


def write_vendor_project(folder: Path, accelerator: Accelerator, part: Part) -> None:
    """Write what the tool for a device makes a project from, if it is one of `TOOLS`.

    Parameters
    ----------
    folder : Path
        The output folder, with the design in it.
    accelerator : Accelerator
    part : Part
    """
    family = part.budget.fabric.family
    tool = TOOLS.get(family)
    if tool is None:
        return
    top = accelerator.top
    values: dict[str, object] = {
        "TOP": top,
        "MHZ": f"{accelerator.mhz:g}",
        "PERIOD": f"{1000 / accelerator.mhz:.3f}",
        "PART": part.budget.part,
        "FAMILY": _QUARTUS_FAMILIES.get(family) or _EFINIX_FAMILIES.get(family, ""),
        "DEVICE": f"{part.budget.part}{_EFINIX_PACKAGES.get(part.budget.part, '')}",
    }
    roms: list[dict[str, object]] = [
        {"ROM": path.name} for path in sorted((folder / "verilog").glob("*.hex"))
    ]
    place = folder / tool
    place.mkdir()
    if tool == "efinity":
        text = fill("efinity.xml", values, {"ROM": roms})
        (place / f"{top}.xml").write_text(text)
    else:
        (place / "project.tcl").write_text(fill(f"{tool}.tcl", values))
    (place / "clock.sdc").write_text(fill("clock.sdc", values))
    if tool == "quartus" and accelerator.has_axi:
        text = fill("quartus_hw.tcl", values, _interfaces(accelerator) | {"ROM": roms})
        (place / f"{top}_hw.tcl").write_text(text)


def _interfaces(accelerator: Accelerator) -> dict[str, list[dict[str, object]]]:
    """Return the interfaces of the design as Platform Designer calls them, with their ports."""
    clock_of = {bus: clock for clock, driven in clocked(accelerator).items() for bus in driven}
    control = clock_of["s_axi"]
    members: dict[str, list[dict[str, object]]] = {"CLOCK": [], "RESET": [], "AXI": [], "IRQ": []}
    ports: list[dict[str, object]] = []
    for bus in buses(accelerator):
        if bus.kind == "clock":
            members["CLOCK"].append({"NAME": bus.name})
        elif bus.kind == "reset":
            members["RESET"].append({"NAME": bus.name, "CLOCK": control})
        elif bus.kind == "interrupt":
            members["IRQ"].append({"NAME": bus.name, "CLOCK": control})
        else:
            members["AXI"].append(
                {
                    "NAME": bus.name,
                    "KIND": _PLATFORM_DESIGNER[bus.kind],
                    "SIDE": "end" if bus.subordinate else "start",
                    "CLOCK": clock_of[bus.name],
                }
            )
        ports += _ports(accelerator, bus)
    return {**members, "PORT": ports}


_ROLES = {"clock": "clk", "reset": "reset_n", "interrupt": "irq"}


def _ports(accelerator: Accelerator, bus: Bus) -> list[dict[str, object]]:
    known = {port.name: port for port in accelerator.ports}
    return [
        {
            "BUS": bus.name,
            "PORT": physical,
            "ROLE": _ROLES.get(bus.kind, logical.lower()),
            "WAY": known[physical].direction.title(),
            "WIDTH": known[physical].width,
        }
        for logical, physical in bus.ports.items()
    ]
