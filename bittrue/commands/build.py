"""``bittrue build``: a network as Verilog, with everything that belongs to it."""

import argparse
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from flows.arguments.code_files import Codes, read_codes
from flows.arguments.model_arguments import add_model_arguments, add_plan_arguments, load_model
from flows.building.accelerator import SHELLS, Accelerator
from flows.building.output_folder import check_replaceable, write_accelerator
from flows.planning.devices import BUDGETS, Fill, Part, find_budget
from flows.planning.plan import plan_network
from flows.planning.planned import Plan
from golden.errors import UserError
from golden.graph import Graph
from golden.lowering.certify import certify
from hdl.network.spec import check_ends

_IMAGES = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, device, folder and choices."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "shells:\n" + "\n".join(f"  {name:8} {text}" for name, text in SHELLS.items())
    add_model_arguments(parser, "built")
    parser.add_argument("--device", required=True, help=f"one of: {', '.join(BUDGETS)}")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the output folder")
    parser.add_argument(
        "--name",
        help="the design's, with which all its modules and files begin (default: the model's)",
    )
    add_plan_arguments(parser)
    parser.add_argument("--package", default="", help="of the device, for the synthesis scripts")
    parser.add_argument("--speed", default="", help="speed grade of the device, for the same")
    parser.add_argument("--shell", default="axi", help=f"{' or '.join(SHELLS)} (default: axi)")
    parser.add_argument(
        "--input",
        type=Path,
        metavar="X.npy",
        help="input codes for the testbench in the model's layout; random ones by default",
    )
    parser.add_argument(
        "--images",
        type=int,
        metavar="N",
        help=f"images of the testbench (default: {_IMAGES}, or all of --input)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of random codes (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Plan, print the plan, and write the folder."""
    console = Console(highlight=False)
    budget = find_budget(arguments.device)
    fill = Fill.parse(arguments.fill)
    part = Part(budget, arguments.package, arguments.speed)
    check_replaceable(arguments.out)
    if arguments.cycles is not None and arguments.cycles < 1:
        raise UserError(f"--cycles is {arguments.cycles}; allowed: at least 1")
    with console.status("reading the network"):
        graph = load_model(arguments)
        check_ends(graph)
        stimulus = _stimulus(graph, arguments.input, arguments.images, arguments.seed)
    with console.status("searching certificates"):
        certified = certify(graph)
    with console.status("choosing foldings"):
        plan = plan_network(certified, budget, arguments.cycles, fill, arguments.shell)
        name = arguments.model.stem if arguments.name is None else arguments.name
        accelerator = Accelerator(name, plan, arguments.shell)
    console.print(plan_table(plan, f"{arguments.model.name} on {budget.summary}"))
    with console.status("golden outputs"):
        # Only now, because importing torch takes seconds.
        from golden.executor.execute import Executor

        name = graph.outputs[0]
        expected = Executor(graph).run({graph.inputs[0].name: stimulus}, [name])[name]
    with console.status("Verilog"):
        write_accelerator(arguments.out, accelerator, arguments.device, part, stimulus, expected)
    total = plan.resources
    console.print(
        f"{total.luts:,} LUTs, {total.multipliers:,} multipliers, {total.block_rams:g} block RAMs "
        f"(estimated); one image in {plan.cycles:,} cycles",
        soft_wrap=True,
    )
    console.print(f"{arguments.out}/manifest.json describes the folder", soft_wrap=True)
    console.print(
        f"check it: sh {arguments.out}/testbench/run_verilator.sh   or   run_icarus.sh",
        soft_wrap=True,
    )
    return 0


def plan_table(plan: Plan, title: str) -> Table:
    """Return a plan as a table, one row for each layer."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("layer", no_wrap=True)
    for heading in ("MACs", "PE", "SIMD", "by", "cycles", "use", "LUT", "DSP", "BRAM"):
        table.add_column(heading, justify="left" if heading == "by" else "right", no_wrap=True)
    for layer in plan.layers:
        folding, cost = layer.folding, layer.resources
        unit = "" if folding is None else "xnor"
        if folding is not None and folding.multiplier is not None:
            unit = folding.multiplier.value.removeprefix("packed_")
        table.add_row(
            layer.operator,
            f"{layer.products:,}" if layer.products else "",
            str(folding.outputs) if folding else "",
            str(folding.simd) if folding else "",
            unit,
            f"{layer.cycles:,}",
            f"{layer.utilisation(plan.cycles):.0%}" if folding else "",
            f"{cost.luts:,}",
            str(cost.multipliers),
            f"{cost.block_rams:g}",
        )
    around = plan.surroundings
    table.add_row(
        "shell and FIFOs",
        *[""] * 6,
        f"{around.luts:,}",
        str(around.multipliers),
        f"{around.block_rams:g}",
    )
    return table


def _stimulus(graph: Graph, path: Path | None, images: int | None, seed: int) -> Codes:
    """Return the codes of a file, or random ones."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise UserError(
            f"the network has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; "
            "allowed: one of each"
        )
    tensor = graph.inputs[0]
    if images is not None and images < 1:
        raise UserError(f"--images is {images}; allowed: at least 1")
    if path is None:
        if seed < 0:
            raise UserError(f"--seed is {seed}; allowed: 0 or more")
        shape = (images or _IMAGES, *tensor.shape)
        generator = np.random.default_rng(seed)
        return generator.integers(tensor.minimum, tensor.maximum, shape, endpoint=True)
    codes = read_codes(graph, tensor.name, path)
    if images is not None and images > len(codes):
        raise UserError(f"--images is {images}; {path} has {len(codes)}")
    return codes[:images]
