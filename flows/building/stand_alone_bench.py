"""The testbench in an output folder: plain Verilog, and scripts for two simulators."""

from pathlib import Path

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.templates import fill
from bittrue.flows.simulation.bench.payload import write_hex

_PATIENCE = 4
"""Times the cycles between images without any beat after which a run has failed."""


def write_bench(
    folder: Path, accelerator: Accelerator, roms: list[str], stimulus: Codes, expected: Codes
) -> None:
    """Write testbench, stimulus, expected outputs and scripts into a folder.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
    roms : list of str
        Names of the design's ROM files.
    stimulus, expected : ndarray of integers, shape (images, *shape)
        Codes that enter and those that must leave.
    """
    source, sink = accelerator.input, accelerator.output
    addresses = {each.name: each.address for each in accelerator.registers}
    values: dict[str, object] = {
        "TOP": accelerator.top,
        "IMAGES": len(stimulus),
        "INPUT_BEATS": source.beats,
        "INPUT_WIDTH": source.width,
        "OUTPUT_BEATS": sink.beats,
        "OUTPUT_LANES": sink.lanes,
        "OUTPUT_BITS": sink.lane_bits,
        "OUTPUT_SIGNED": int(sink.tensor.type.signed),
        "OUTPUT_CHANNELS": sink.tensor.channels,
        "PATIENCE": max(_PATIENCE * accelerator.plan.cycles, 10_000),
        "CONTROL": addresses.get("control"),
        "IMAGES_OUT": addresses.get("images_out"),
        "FILES": _file_list(accelerator.top, roms),
    }
    values["CIRCUIT"] = fill(f"circuit_{accelerator.shell}.v", values).rstrip()
    for name in ("testbench.v", "testbench.cpp", "common.sh", "run_icarus.sh", "run_verilator.sh"):
        (folder / name).write_text(fill(name, values))
    write_hex(folder / "stimulus.hex", source.layout, source.words(stimulus))
    write_hex(folder / "expected.hex", sink.layout, sink.words(expected))


def _file_list(top: str, roms: list[str]) -> str:
    files = [f"verilog/{top}.v", *(f"verilog/{name}" for name in roms)]
    return "\n".join(f"        {name} \\" for name in files).removesuffix(" \\")
