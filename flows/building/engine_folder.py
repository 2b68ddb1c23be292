"""The folder that an engine is delivered in."""

import json
from importlib.metadata import version
from pathlib import Path

from bittrue.flows.building.drivers.write import write_engine_drivers
from bittrue.flows.building.file_origins import mark_files
from bittrue.flows.building.manifest import ENGINE_FORMAT, describe_files
from bittrue.flows.building.output_folder import MANIFEST, replace_folder
from bittrue.flows.building.registers import write_registers
from bittrue.golden.engine.configuration import FILE, EngineConfiguration
from bittrue.golden.engine.program import VERSION
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.engine.engine import Engine
from bittrue.hdl.engine.register_map import registers
from bittrue.hdl.printer.rom_files import write_design
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.hdl.shell.register_map import describe

TOP = "engine"
"""Name of the module, and of the files."""

MULTIPLIERS = {"zynq7020": Multiplier.PACKED_DSP48E1}
"""What multiplies in the array of an engine, by its name, where not a DSP for each product."""


def write_engine(folder: Path, engine: EngineConfiguration, device: str) -> None:
    """Write an engine's Verilog and what tools and hosts have to know of it.

    Parameters
    ----------
    folder : Path
        New, empty, or written by this function before.
    engine : EngineConfiguration
    device : str
        What it is for.

    Raises
    ------
    UserError
        If there is something else in the folder.
    ExecutionError
        If it cannot be written.
    """
    replace_folder(folder, lambda new: _fill(new, engine, device))


def verilog_files(folder: Path) -> list[Path]:
    """Return the Verilog of an engine's folder."""
    return [folder / "verilog" / f"{TOP}.v"]


def multiplier_of(device: str) -> Multiplier:
    """Return what multiplies in the array of an engine for a device."""
    return MULTIPLIERS.get(device, Multiplier.DSP)


def _fill(folder: Path, engine: EngineConfiguration, device: str) -> None:
    table = registers(engine)
    verilog, described, drivers = (folder / name for name in ("verilog", "registers", "drivers"))
    for place in (verilog, described, drivers):
        place.mkdir()
    circuit = Engine(engine, multiplier=multiplier_of(device))
    write_design(verilog, to_verilog(circuit, TOP))
    write_registers(described, TOP, table)
    write_engine_drivers(drivers, engine, TOP)
    (folder / FILE).write_text(json.dumps(engine.document(), indent=1) + "\n")
    mark_files(folder, f"the engine {device}")
    record = {
        "format": ENGINE_FORMAT,
        "version": 1,
        "license": "Apache-2.0",
        "generator": {"name": "bittrue", "version": version("bittrue")},
        "device": device,
        "top": TOP,
        "engine": engine.document(),
        "program_version": VERSION,
        "products_per_cycle": engine.products,
        "multiplier": multiplier_of(device).value,
        "clock": {"port": "clk", "edge": "rising"},
        "reset": {"port": "rst", "active": "high", "synchronous": True},
        "interrupt": "irq",
        "interfaces": {
            "s_axi": "AXI4-Lite, registers",
            "m_axi_program": "AXI4, reads the program",
            "m_axi_load_0": "AXI4, reads tensors and constants",
            "m_axi_load_1": "AXI4, reads tensors and constants",
            "m_axi_store": "AXI4, writes tensors",
        },
        "registers": describe(table),
        "files": describe_files(folder),
    }
    (folder / MANIFEST).write_text(json.dumps(record, indent=1) + "\n")
