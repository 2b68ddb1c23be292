"""The testbench in an output folder: plain Verilog, and scripts for two simulators."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.building.accelerator import Accelerator, End
from bittrue.flows.building.templates import fill
from bittrue.flows.simulation.bench.payload import write_hex

_PATIENCE = 4
"""Times the cycles between images without any beat after which a run has failed."""


def write_bench(
    folder: Path,
    accelerator: Accelerator,
    roms: list[str],
    stimulus: Mapping[str, Codes],
    expected: Mapping[str, Codes],
) -> None:
    """Write testbench, stimulus, expected outputs and scripts into a folder.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
    roms : list of str
        Names of the design's ROM files.
    stimulus, expected : mapping of str to ndarray of integers, shape (images, *shape)
        Codes that enter by each input, and those that must leave by each output.
    """
    addresses = {each.name: each.address for each in accelerator.registers}
    inputs, outputs = accelerator.inputs, accelerator.outputs
    members: dict[str, Sequence[Mapping[str, object]]] = {
        "INPUT": [_member(inputs, place, "stimulus") for place in range(len(inputs))],
        "OUTPUT": [_member(outputs, place, "expected") for place in range(len(outputs))],
        "SEVERAL": [{}] if len(inputs) + len(outputs) > 2 else [],
        "CLOCK": [{"PORT": clock} for clock in accelerator.clocks],
        "MORE": [{"MORE": number} for number in range(1, max(len(inputs), len(outputs)))],
    }
    values: dict[str, object] = {
        "TOP": accelerator.top,
        "IMAGES": len(next(iter(stimulus.values()))),
        "PATIENCE": max(_PATIENCE * accelerator.plan.cycles, 10_000),
        "CONTROL": addresses.get("control"),
        "IMAGES_OUT": addresses.get("images_out"),
        "FILES": _file_list(accelerator.top, roms),
        **_together(members["INPUT"], members["OUTPUT"]),
    }
    circuit = "circuit_axi.v" if accelerator.has_axi else "circuit_stream.v"
    values["CIRCUIT"] = fill(circuit, values, members).rstrip()
    for name in ("testbench.v", "testbench.cpp", "common.sh", "run_icarus.sh", "run_verilator.sh"):
        (folder / name).write_text(fill(name, values, members))
    for ends, files, codes in (
        (inputs, members["INPUT"], stimulus),
        (outputs, members["OUTPUT"], expected),
    ):
        for end, file in zip(ends, files, strict=True):
            write_hex(folder / str(file["FILE"]), end.layout, end.words(codes[end.tensor.name]))


def _member(ends: Sequence[End], place: int, file: str) -> dict[str, object]:
    """Return what the testbench calls an end, and what it knows of it."""
    end = ends[place]
    # Behind names that each end has: nothing if there is no other.
    suffix = f"_{place}" if len(ends) > 1 else ""
    return {
        "S": suffix,
        "FILE": f"{file}{end.suffix}.hex",
        "STREAM": end.prefix,
        "NAMED": f"{end.prefix}: " if len(ends) > 1 else "",
        "RANDOM": f"random_{place}" if place else "random",
        "COMMA": "," if place < len(ends) - 1 else "",
        "BEATS": end.beats,
        "WIDTH": end.width,
        "LANES": end.lanes,
        "BITS": end.lane_bits,
        "SIGNED": int(end.tensor.type.signed),
        "CHANNELS": end.tensor.channels,
    }


def _together(
    inputs: Sequence[Mapping[str, object]], outputs: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Return what the testbench says of all ends at once."""

    def each(ends: Sequence[Mapping[str, object]], text: str, between: str) -> str:
        return between.join(text.replace("@", str(end["S"])) for end in ends)

    several_in, several_out = len(inputs) > 1, len(outputs) > 1
    widths = [f"INPUT_WIDTH{end['S']}" for end in inputs]
    widths += [f"LANES{end['S']} * BITS{end['S']}" for end in outputs]
    widest = widths[-1]
    for width in reversed(widths[:-1]):
        rest = f"({widest})" if "?" in widest else widest
        widest = f"{width} > {rest} ? {width} : {rest}"
    ready, valid = each(inputs, "in_ready@", ", "), each(outputs, "out_valid@", ", ")
    files = [str(end["FILE"]) for end in (*inputs, *outputs)]
    return {
        "STIMULI": " and ".join(files[: len(inputs)]),
        "EXPECTATIONS": " and ".join(files[len(inputs) :]),
        "BOTH": "all" if several_in or several_out else "both",
        "TWO": "two" if len(files) == 2 else str(len(files)),
        "NAME_LENGTH": max(map(len, files)),
        "PATH": '{folder, "/", name}' if len(files) == 2 else "path",
        "WIDEST": widest,
        "IN_MOVE": each(inputs, "in_moves@", " || "),
        "ANY_IN_MOVES": f"({each(inputs, 'in_moves@', ' || ')})" if several_in else "in_moves",
        "OUT_MOVE": each(outputs, "out_moves@", " || "),
        "IN_READY": ready,
        "OUT_VALID": valid,
        "READY": f"{{{ready}}}" if several_in else ready,
        "VALID": f"{{{valid}}}" if several_out else valid,
        "ALL_TAKEN": each(outputs, "taken@ == images * OUTPUT_BEATS@", " && "),
        "CAME": each(outputs, "taken@ * LANES@", " + "),
        "EXPECTED": _sum(each(outputs, "images * OUTPUT_BEATS@ * LANES@", " + "), several_out),
    }


def _sum(text: str, several: bool) -> str:
    return f"({text})" if several else text


def _file_list(top: str, roms: list[str]) -> str:
    files = [f"verilog/{top}.v", *(f"verilog/{name}" for name in roms)]
    return "\n".join(f"        {name} \\" for name in files).removesuffix(" \\")
