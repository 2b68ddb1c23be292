"""Scripts in an output folder that synthesise the design by open tools and by Vivado."""

from pathlib import Path

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.templates import fill
from bittrue.flows.planning.devices import BUDGETS, Part
from bittrue.flows.synthesis.yosys import UNCONSTRAINED, wrapper
from bittrue.hdl.blocks.platform import ecp5_multiplier

_WITHOUT_TABLE_RAM = frozenset({"ice40", "gatemate", "cyclone10lp", "trion"})
"""Families whose tables are no memories."""

_OWN = frozenset({"xc7", "ecp5"})
"""Families with scripts of their own, which are in every folder."""

VIVADO = frozenset({"xc7", "xcup"})
"""Families for which there are scripts for Vivado."""

COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -flatten -abc9 -noiopad -noclkbuf",
    "ecp5": "synth_ecp5",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf",
    "nexus": "synth_nexus -noiopad",
    "gowin": "synth_gowin -noiopads",
    "ice40": "synth_ice40 -dsp",
    "gatemate": "synth_gatemate -noiopad -noclkbuf",
    "cyclonev": "synth_intel_alm -family cyclonev -noiopad -noclkbuf",
    "cyclone10lp": "synth_intel -family cyclone10lp",
    "trion": "synth_efinix",
}
"""Commands of Yosys for the families that it knows."""


def write_scripts(folder: Path, accelerator: Accelerator, part: Part) -> None:
    """Write scripts for Yosys and nextpnr, and for Vivado if the part is one of Xilinx.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
    part : Part
    """
    family = part.budget.fabric.family
    options = part.nextpnr if family == "ecp5" else Part(BUDGETS["ecp5-85f"]).nextpnr
    values = {
        "TOP": accelerator.top,
        "PART": part.vivado,
        "CLOCK": accelerator.clock,
        "MHZ": f"{accelerator.mhz:g}",
        "PERIOD": f"{1000 / accelerator.mhz:.3f}",
        "OPTIONS": " ".join((*options, UNCONSTRAINED)),
    }
    templates = ["synth_xc7.ys", "synth_ecp5.ys", "nextpnr_ecp5.sh"]
    if family in VIVADO:
        templates += ["vivado.tcl", "clock.xdc"]
    if family in COMMANDS and family not in _OWN:
        values["COMMAND"] = COMMANDS[family]
        bare: list[dict[str, object]] = [{}] if family in _WITHOUT_TABLE_RAM else []
        text = fill("synth_area.ys", values | {"FAMILY": family}, {"BARE": bare})
        (folder / f"synth_{family}.ys").write_text(text)
    members: dict[str, list[dict[str, object]]] = {
        "CLOCK": [{"PORT": clock} for clock in accelerator.clocks],
        "SEVERAL": [{}] if len(accelerator.clocks) > 1 else [],
    }
    for name in templates:
        (folder / name).write_text(fill(name, values, members))
    (folder / "ecp5_multiplier.v").write_text(ecp5_multiplier(accelerator.top))
    text = wrapper(
        accelerator.component,
        accelerator.top,
        accelerator.clocks,
        accelerator.reset,
        accelerator.reset_active_low,
    )
    (folder / "wrapper.v").write_text(text)
