"""Scripts in an output folder that synthesise the design by open tools and by Vivado."""

from pathlib import Path

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.templates import fill
from bittrue.flows.planning.devices import BUDGETS, Part
from bittrue.flows.synthesis.yosys import UNCONSTRAINED, wrapper
from bittrue.hdl.blocks.platform import ecp5_multiplier


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
        "OPTIONS": " ".join((*options, UNCONSTRAINED)),
    }
    templates = ["synth_xc7.ys", "synth_ecp5.ys", "nextpnr_ecp5.sh"]
    if family == "xc7":
        templates += ["vivado.tcl", "clock.xdc"]
    for name in templates:
        (folder / name).write_text(fill(name, values))
    (folder / "ecp5_multiplier.v").write_text(ecp5_multiplier(accelerator.top))
    text = wrapper(
        accelerator.component,
        accelerator.top,
        accelerator.clock,
        accelerator.reset,
        accelerator.reset_active_low,
    )
    (folder / "wrapper.v").write_text(text)
