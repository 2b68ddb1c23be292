"""Tcl for Vivado: the accelerator as IP, and in a block design on a board."""

from collections.abc import Sequence
from pathlib import Path

from bittrue.flows.building.accelerator import Accelerator, End
from bittrue.flows.building.packages.boards import BOARDS
from bittrue.flows.building.packages.buses import CONTROL, buses, clocked
from bittrue.flows.building.templates import fill
from bittrue.flows.planning.devices import Part

_DMA_BITS = (8, 16, 32, 64, 128, 256, 512, 1024)

_INTERFACES = {
    "aximm": "xilinx.com:interface:aximm:1.0",
    "axis": "xilinx.com:interface:axis:1.0",
    "clock": "xilinx.com:signal:clock:1.0",
    "reset": "xilinx.com:signal:reset:1.0",
    "interrupt": "xilinx.com:signal:interrupt:1.0",
}


def write_vivado(folder: Path, accelerator: Accelerator, part: Part) -> None:
    """Write the scripts, and a module with the attributes by which Vivado knows interfaces.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
        With an AXI shell.
    part : Part
        One of Xilinx.
    """
    top = accelerator.top
    ends = [(end, True) for end in accelerator.inputs]
    ends += [(end, False) for end in accelerator.outputs]
    values: dict[str, object] = {
        "TOP": top,
        "PART": part.vivado,
        "MHZ": f"{accelerator.mhz:g}",
        "BOARDS": ", ".join(BOARDS),
    }
    clock_of = {bus: clock for clock, driven in clocked(accelerator).items() for bus in driven}
    values["CONTROL_CLOCK"] = clock_of[CONTROL]
    values["CLOCKS"] = " ".join(f"accelerator/{clock}" for clock in accelerator.clocks)
    members: dict[str, Sequence[dict[str, object]]] = {
        "STREAM": [
            {
                "CLOCK": clock_of[end.prefix],
                "STREAM": end.prefix,
                "BYTES": end.width // 8,
                "DMA": dma_bits(end),
                "ENTERS": int(enters),
            }
            for end, enters in ends
        ],
        "BOARD": [
            {
                "BOARD": name,
                "PART": board.part,
                "FILES": board.files,
                "PROCESSOR": board.processor,
            }
            for name, board in BOARDS.items()
        ],
    }
    for name in ("package_ip.tcl", "block_design.tcl"):
        (folder / name).write_text(fill(name, values, members))
    (folder / f"{top}_bd.v").write_text(module_reference(accelerator))


def dma_bits(end: End) -> int:
    """Return the width that AXI DMA has for a stream.

    That of the stream, if AXI DMA can have it. Else the least that carries a beat, or less where an
    image would not be whole beats: no beat is ever partly empty, so TKEEP says nothing.
    """
    image = end.beats * end.width
    fitting = [bits for bits in _DMA_BITS if image % bits == 0]
    enough = [bits for bits in fitting if bits >= end.width]
    return min(enough) if enough else max(fitting)


def module_reference(accelerator: Accelerator) -> str:
    """Return a module around the design for ``Add Module`` of a block design.

    It has the design's ports, each with the attribute that names its interface.
    """
    top = accelerator.top
    attributes = _attributes(accelerator)
    width = {port.name: port.width for port in accelerator.ports}
    declared = []
    for port in accelerator.ports:
        bits = f"[{width[port.name] - 1}:0] " if _is_vector(port.name, port.width) else ""
        declared.append(
            f"    (* {attributes[port.name]} *)\n    {port.direction} wire {bits}{port.name}"
        )
    connected = [f"        .{port.name}({port.name})" for port in accelerator.ports]
    return "\n".join(
        [
            f"// {top} with the attributes by which Vivado's block designs know interfaces.",
            f"module {top}_bd (",
            ",\n".join(declared),
            ");",
            f"    {top} accelerator (",
            ",\n".join(connected),
            "    );",
            "endmodule",
            "",
        ]
    )


def _attributes(accelerator: Accelerator) -> dict[str, str]:
    """Return what is said of each port."""
    parameters = {
        "reset": "POLARITY ACTIVE_LOW",
        "interrupt": "SENSITIVITY LEVEL_HIGH",
    }
    said = {}
    for bus in buses(accelerator):
        for logical, physical in bus.ports.items():
            said[physical] = f'X_INTERFACE_INFO = "{_INTERFACES[bus.kind]} {bus.name} {logical}"'
            if bus.kind == "clock":
                driven = ":".join(clocked(accelerator)[bus.name])
                clock = f"ASSOCIATED_BUSIF {driven}, " if driven else ""
                said[physical] += f', X_INTERFACE_PARAMETER = "{clock}ASSOCIATED_RESET aresetn"'
            elif bus.kind in parameters:
                said[physical] += f', X_INTERFACE_PARAMETER = "{parameters[bus.kind]}"'
    return said


def _is_vector(name: str, width: int) -> bool:
    return width > 1 or name.endswith("_tdata")
