"""``accelerator_NAME.core``: the accelerator for FuseSoC (CAPI2)."""

from collections.abc import Sequence

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.synthesis_scripts import COMMANDS, VIVADO
from bittrue.flows.building.templates import fill
from bittrue.flows.planning.devices import Part


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
    command = COMMANDS.get(family, "").split()
    values: dict[str, object] = {
        "TOP": accelerator.top,
        "SUMMARY": f"The network {accelerator.name!a} as an accelerator".replace('"', "'"),
        "ARCH": command[0].removeprefix("synth_") if command else "",
        "OPTIONS": f"[{' '.join(command[1:])}]" if command else "",
        "PART": part.vivado,
    }
    members: dict[str, Sequence[dict[str, object]]] = {
        "ROM": [{"ROM": rom} for rom in roms],
        "BEATS": [{"FILE": name} for name in beats],
        "VIVADO": [{}] if family in VIVADO else [],
        "SYNTH": [{}] if command else [],
    }
    return fill("fusesoc.core", values, members)
