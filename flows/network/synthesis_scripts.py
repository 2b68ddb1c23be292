"""Scripts in an output folder that synthesise the design by open tools and by Vivado."""

from pathlib import Path

from flows.network.accelerator import Accelerator
from flows.network.devices import Budget
from flows.network.templates import fill
from flows.synthesis import DEVICES, wrapper
from hdl.platform import ecp5_multiplier


def write_scripts(folder: Path, accelerator: Accelerator, budget: Budget) -> None:
    """Write scripts for Yosys and nextpnr, and for Vivado if the part is one of Xilinx.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
    budget : Budget
        The part.
    """
    options = list(DEVICES["ecp5"].nextpnr_options)
    if budget.family == "ecp5":
        options[0] = budget.part
    values = {
        "TOP": accelerator.top,
        "PART": budget.part,
        "CLOCK": accelerator.clock,
        "OPTIONS": " ".join(options),
    }
    templates = ["synth_xc7.ys", "synth_ecp5.ys", "nextpnr_ecp5.sh"]
    if budget.family == "xc7":
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
