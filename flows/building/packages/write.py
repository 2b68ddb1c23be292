"""What an output folder has for other tools."""

from collections.abc import Sequence
from pathlib import Path

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.packages.fusesoc import core_file
from bittrue.flows.building.packages.instantiation import verilog, vhdl
from bittrue.flows.building.packages.ip_xact import component_xml
from bittrue.flows.building.packages.litex import write_litex
from bittrue.flows.building.packages.vendor_projects import write_vendor_project
from bittrue.flows.building.packages.vivado import write_vivado
from bittrue.flows.building.synthesis_scripts import VIVADO
from bittrue.flows.planning.devices import Part

_STIMULI = "testbench"


def write_packages(folder: Path, accelerator: Accelerator, part: Part, roms: Sequence[str]) -> None:
    """Write the files by which other tools take the accelerator.

    Parameters
    ----------
    folder : Path
        The output folder, with design and testbench in it.
    accelerator : Accelerator
    part : Part
    roms : sequence of str
        Names of the design's ROM files.
    """
    top = accelerator.top
    beats = sorted(path.name for path in (folder / _STIMULI).glob("*.hex"))
    (folder / f"{top}.core").write_text(core_file(accelerator, part, roms, beats))
    templates = folder / "instantiation"
    templates.mkdir()
    (templates / f"{top}.v").write_text(verilog(accelerator))
    (templates / f"{top}.sv").write_text(verilog(accelerator, "logic"))
    (templates / f"{top}.vhd").write_text(vhdl(accelerator))
    write_vendor_project(folder, accelerator, part)
    if not accelerator.registers:
        return
    (folder / "component.xml").write_text(component_xml(accelerator, roms))
    litex = folder / "litex"
    litex.mkdir()
    write_litex(litex, accelerator)
    if part.budget.fabric.family in VIVADO:
        vivado = folder / "vivado"
        vivado.mkdir()
        write_vivado(vivado, accelerator, part)
