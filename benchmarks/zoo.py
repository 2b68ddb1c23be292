"""Published networks end to end: whether they come in, are exact, fit a device, and how fast.

    python -m benchmarks.zoo FOLDER [--only NAME ...] [--samples N] [--simulate N]

Every .tflite and .onnx file of a folder, at default options: its codes beside LiteRT's reference
kernels (TensorFlow Lite Micro's or XNNPACK's where those refuse the file) or beside qonnx, on every
tensor; then the default plan of the first device that holds it, and with `--simulate` the Verilog
of that plan on so many random images. Files that do not come in are listed with the reason.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

import bittrue
from benchmarks import golden_equality, qonnx_equality
from bittrue.building import random_images
from bittrue.flows.arguments.code_files import in_model_layout
from bittrue.flows.planning.feasibility import circuit_obstacles, holding_devices
from bittrue.golden.graph.passes.cost import graph_cost

HEADINGS = (
    "network", "MACs", "codes compared", "differ", "device", "cycles", "LUT", "DSP", "BRAM",
    "simulated",
)  # fmt: skip


@dataclass
class Row:
    """One network, as far as it came."""

    network: str
    macs: int
    compared: int
    differing: int
    device: str = ""
    cycles: str = ""
    resources: tuple[str, str, str] = ("", "", "")
    simulated: str = ""
    sound: bool = True

    def cells(self) -> list[str]:
        """Return what the table shows."""
        numbers = f"{self.macs:,}", f"{self.compared:,}", str(self.differing)
        return [self.network, *numbers, self.device, self.cycles, *self.resources, self.simulated]


def measure(path: Path, samples: int, images: int) -> Row:
    """Return what becomes of one network."""
    graph = bittrue.load(path)
    equality = equality_of(path, graph, samples)
    row = Row(
        path.stem,
        graph_cost(graph).macs,
        int(str(equality["codes"])),
        int(str(equality["different"])),
    )
    row.sound = row.compared > 0 and row.differing == 0
    obstacles = circuit_obstacles(graph)
    held = () if obstacles else holding_devices(graph)
    if not held:
        row.device = "no circuit" if obstacles else "none is big enough"
        return row
    row.device = held[0]
    plan = bittrue.plan(graph, held[0])
    row.cycles = f"{plan.cycles:,}"
    row.resources = f"{plan.luts:,}", str(plan.multipliers), f"{plan.block_rams:g}"
    if images:
        codes = random_images(graph, images, seed=1)
        given = {name: in_model_layout(graph, name, each) for name, each in codes.items()}
        result = bittrue.simulate(plan, given)
        pace = "" if result.pace is None else f", {int(result.pace.intervals.max()):,} cycles"
        row.simulated = f"{result.verdict.differing} of {result.verdict.compared:,} differ{pace}"
        row.sound &= result.passed
    return row


def equality_of(path: Path, graph: bittrue.Graph, samples: int) -> dict[str, object]:
    """Return how many codes were held against the runtime of a file's format, and differ."""
    if path.suffix == ".onnx":
        return qonnx_equality.compare(path, graph, samples)
    profile = first_profile(path)
    if profile is None:
        return {"codes": 0, "different": 0}  # Which `measure` does not take for equality.
    return golden_equality.compare(path, profile, samples, None)


def first_profile(path: Path) -> str | None:
    """Return the first profile whose runtime takes a file: each refuses some that another runs."""
    content = path.read_bytes()
    for profile in ("litert", "tflite-micro", "xnnpack"):
        try:
            golden_equality.Reference(content, profile)
        except (RuntimeError, ValueError):
            continue
        return profile
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="of .tflite and .onnx files")
    parser.add_argument("--only", nargs="+", help="names of files, without their endings")
    parser.add_argument("--samples", type=int, default=40, help="held against LiteRT (default: 40)")
    parser.add_argument(
        "--simulate", type=int, default=0, metavar="N", help="images in Verilator (default: 0)"
    )
    arguments = parser.parse_args()
    console = Console(highlight=False, width=200)
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    left_out, sound = [], True
    paths = [each for each in arguments.folder.iterdir() if each.suffix in (".tflite", ".onnx")]
    for path in sorted(paths):
        if arguments.only and path.stem not in arguments.only:
            continue
        try:
            row = measure(path, arguments.samples, arguments.simulate)
        except bittrue.UserError as error:
            left_out.append(str(error).splitlines()[0])
            continue
        sound &= row.sound
        print(f"| {' | '.join(row.cells())} |", flush=True)
    for reason in left_out:
        console.print(reason, soft_wrap=True)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
