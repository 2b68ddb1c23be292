"""``accelerator_NAME.core``: the accelerator for FuseSoC (CAPI2)."""

from collections.abc import Sequence

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.templates import fill
from bittrue.flows.planning.devices import Part

_ARCHITECTURES = {
    "xc7": ("xilinx", "-family xc7, -flatten, -abc9, -noiopad, -noclkbuf"),
    "ecp5": ("ecp5", ""),
}


def core_file(
    accelerator: Accelerator, part: Part, roms: Sequence[str], beats: Sequence[str]
) -> str:
    """Return the core: lint, simulation by Verilator or Icarus, and synthesis.

    Parameters
    ----------
    accelerator : Accelerator
    part : Part
        What Vivado synthesises for, if the device is one of Xilinx.
    roms, beats : sequence of str
        Names of the design's ROM files, and of what the testbench plays and compares with.
    """
    family = part.budget.fabric.family
    architecture, options = _ARCHITECTURES[family]
    values: dict[str, object] = {
        "TOP": accelerator.top,
        "SUMMARY": f"The network {accelerator.name!a} as an accelerator".replace('"', "'"),
        "ARCH": architecture,
        "OPTIONS": options,
        "SYNTH": "yosys",
        "PART": part.vivado,
    }
    members: dict[str, Sequence[dict[str, object]]] = {
        "ROM": [{"ROM": rom} for rom in roms],
        "BEATS": [{"FILE": name} for name in beats],
        "VIVADO": [{}] if family == "xc7" else [],
    }
    return fill("fusesoc.core", values, members)
