"""``bittrue sim``: a network's Verilog on recorded inputs, compared with golden."""

import argparse
import shlex
from dataclasses import astuple
from pathlib import Path

from rich.console import Console

import bittrue
from bittrue.commands.sim_engine import run_on_engine
from bittrue.commands.sim_page import simulation_page
from bittrue.commands.stimulus import stimulus_of
from bittrue.flows.arguments.code_files import in_model_layout, npy_bytes
from bittrue.flows.arguments.end_files import FILE_OF_EACH, files_of_ends
from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import (
    add_model_arguments,
    add_plan_arguments,
    load_model,
)
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.flows.planning.devices import DEVICE_HELP, Fill
from bittrue.flows.planning.latency import first_image_cycles
from bittrue.flows.reports.progress import cycle_progress
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.simulators.toolchain import SIMULATORS, check_simulator
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically, write_together
from bittrue.hdl.network.ends import check_ends

_IMAGES = 3
_MAXIMUM_STALL = 255


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, inputs, outputs and choices."""
    add_model_arguments(parser, "built")
    parser.add_argument(
        "--input",
        metavar="[TENSOR=]X.npy",
        action="append",
        default=[],
        help="N input codes in the model's own type and layout; "
        + FILE_OF_EACH.format("input")
        + "; random ones by default",
    )
    parser.add_argument(
        "--images",
        type=int,
        metavar="N",
        help=f"how many images (default: {_IMAGES}, or all of --input)",
    )
    parser.add_argument(
        "--output",
        metavar="[TENSOR=]Y.npy",
        action="append",
        default=[],
        help="where the N output codes of the circuit go, whether right or wrong; "
        + FILE_OF_EACH.format("output"),
    )
    parser.add_argument(
        "--device", default="zynq7020", help=f"one of: {DEVICE_HELP} (default: zynq7020)"
    )
    add_plan_arguments(parser)
    parser.add_argument(
        "--engine",
        type=Path,
        metavar="DIR",
        help="a folder that bittrue engine wrote: its circuit executes the network's program, and "
        "every byte that it stores is compared",
    )
    parser.add_argument(
        "--sim", default="verilator", help=f"{' or '.join(SIMULATORS)} (default: verilator)"
    )
    parser.add_argument(
        "--layers", action="store_true", help="compare what every layer passes on, too"
    )
    parser.add_argument(
        "--stall",
        type=int,
        default=0,
        metavar="P",
        help="pauses at every end, with a probability of P/256 a cycle (default: 0)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of pauses and random codes (default: 1)"
    )
    parser.add_argument(
        "--waves",
        action="store_true",
        help="record the cycles around the first difference, or at the beginning",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="PAGE.html",
        help="what was planned, measured and found, as one page",
    )
    add_json_argument(parser, "the verdict")


def run(arguments: argparse.Namespace) -> int:
    """Simulate, write what came out, and say whether it is golden's; 1 if it is not."""
    console = terminal(aside=arguments.json)
    check_simulator(arguments.sim)
    device, fill = bittrue.Device(arguments.device), Fill.parse(arguments.fill)
    if not 0 <= arguments.stall <= _MAXIMUM_STALL:
        raise UserError(f"--stall is {arguments.stall}; allowed: 0 to {_MAXIMUM_STALL}")
    if not 1 <= arguments.seed < 1 << 32:
        raise UserError(f"--seed is {arguments.seed}; allowed: 1 to {(1 << 32) - 1}")
    graph = load_model(arguments)
    if arguments.engine is not None:
        if arguments.waves or arguments.report:
            option = "--waves" if arguments.waves else "--report"
            raise UserError(f"{option} is for streaming accelerators; leave it out with --engine")
        return run_on_engine(arguments, graph, console)
    check_ends(graph)
    outputs = (
        files_of_ends("--output", arguments.output, "output", graph.outputs)
        if arguments.output
        else {}
    )
    for path in outputs.values():
        require_folder_of(path)
    images = {
        name: in_model_layout(graph, name, codes)
        for name, codes in stimulus_of(
            graph, arguments.input, arguments.images, arguments.seed, _IMAGES
        ).items()
    }
    count = len(next(iter(images.values())))
    with console.status("choosing circuits"):
        plan = bittrue.plan(graph, device, arguments.cycles, astuple(fill))
    if arguments.report is not None:
        require_folder_of(arguments.report)
    cycles = first_image_cycles(plan.circuits) + (count - 1) * plan.cycles
    what = f"building {count} images' bench for {arguments.sim}"
    with cycle_progress(console, what, cycles) as progress:
        result = bittrue.simulate(
            plan,
            images,
            arguments.sim,
            arguments.stall,
            arguments.seed,
            arguments.layers,
            waves=arguments.waves,
            progress=progress,
        )
    if result.pace is not None:
        write_together((path, npy_bytes(result.codes[name])) for name, path in outputs.items())
    if arguments.report is not None:
        text = simulation_page(
            arguments.report,
            arguments.model.name,
            plan,
            result,
            arguments.stall,
            arguments.layers,
            _replay(arguments),
        )
        write_atomically(arguments.report, text.encode())
    if arguments.json:
        print_json(_record(plan, result))
    else:
        _report(console, arguments, plan, result)
    return 0 if result.passed else 1


def _report(
    console: Console,
    arguments: argparse.Namespace,
    plan: bittrue.Plan,
    result: bittrue.Simulation,
) -> None:
    verdict = result.verdict
    for problem in verdict.problems:
        console.print(problem, style="red", soft_wrap=True)
    if result.pace is not None:
        console.print(f"{result.pace}; planned: {plan.cycles:,}", soft_wrap=True)
    if result.first_difference:
        console.print(f"first difference at {result.first_difference}", style="red", soft_wrap=True)
    if result.waves is not None:
        console.print(f"waves: {result.waves}", soft_wrap=True)
    elif not verdict.passed:
        console.print(f"for the waves around it: {_replay(arguments)}", soft_wrap=True)
    if not verdict.passed:
        console.print(f"verdict.json and junit.xml are in {result.folder}", soft_wrap=True)
    if result.pace is None:
        return
    console.print(
        f"{arguments.model.name}: {_images(result)} images, {verdict.compared} codes "
        f"compared, {verdict.differing} differed, on {arguments.sim}",
        style="green" if verdict.passed else "bold red",
        soft_wrap=True,
    )


def _replay(arguments: argparse.Namespace) -> str:
    """Return the same command with waves."""
    words = [word for word in arguments.words if word != "--waves"]
    return shlex.join(["bittrue", *words, "--waves"])


def _images(result: bittrue.Simulation) -> int:
    return len(next(iter(result.codes.values())))


def _record(plan: bittrue.Plan, result: bittrue.Simulation) -> dict[str, object]:
    verdict, pace = result.verdict, result.pace
    return {
        "passed": verdict.passed,
        "images": _images(result),
        "compared": verdict.compared,
        "differing": verdict.differing,
        "problems": verdict.problems,
        "first_difference": result.first_difference,
        "first_image_cycles": None if pace is None else pace.first,
        "image_intervals": None if pace is None else pace.intervals.tolist(),
        "planned_cycles": plan.cycles,
        "simulator": verdict.simulator,
        "seed": verdict.seed,
        "folder": str(result.folder),
        "waves": None if result.waves is None else str(result.waves),
        "kept": result.kept,
    }
