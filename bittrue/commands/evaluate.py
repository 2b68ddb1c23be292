"""``bittrue evaluate``: how well a network does on labelled data."""

import argparse
from dataclasses import asdict, astuple
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

import bittrue
from bittrue.evaluation import METRICS, Evaluation
from bittrue.flows.arguments.end_files import FILE_OF_EACH, files_of_ends
from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import (
    add_model_arguments,
    add_plan_arguments,
    load_model,
)
from bittrue.flows.arguments.npy_files import read_npy
from bittrue.flows.planning.devices import DEVICE_HELP, Fill
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.simulators.toolchain import SIMULATORS, check_simulator
from bittrue.golden.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, data, metric, and what is simulated."""
    add_model_arguments(parser, "evaluated")
    parser.add_argument(
        "--data",
        action="append",
        metavar="X.npy",
        required=True,
        help="N samples, codes or real numbers, in the model's layout; "
        + FILE_OF_EACH.format("input"),
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="Y.npy",
        required=True,
        help="N classes, N images of classes, or N outputs that are wanted",
    )
    parser.add_argument(
        "--metric",
        help=f"one of: {', '.join(METRICS)} (default: what the shape of the labels is of)",
    )
    parser.add_argument(
        "--ignored-label", type=int, metavar="L", help="of pixels that do not count for mean_iou"
    )
    parser.add_argument(
        "--simulate",
        type=int,
        default=0,
        metavar="N",
        help="run the Verilog on N of the samples, too, and compare it with golden (default: 0)",
    )
    parser.add_argument(
        "--device", default="zynq7020", help=f"one of: {DEVICE_HELP} (default: zynq7020)"
    )
    add_plan_arguments(parser)
    parser.add_argument(
        "--sim", default="verilator", help=f"{' or '.join(SIMULATORS)} (default: verilator)"
    )
    add_json_argument(parser, "what was measured")


def run(arguments: argparse.Namespace) -> int:
    """Measure, simulate a part when asked, print both; 1 if the Verilog differs."""
    console = terminal(aside=arguments.json)
    device, fill = bittrue.Device(arguments.device), Fill.parse(arguments.fill)
    if arguments.simulate:
        check_simulator(arguments.sim)
    graph = load_model(arguments)
    names = [tensor.name for tensor in graph.inputs]
    files = files_of_ends("--data", arguments.data, "input", names)
    data = {name: read_npy(path, mapped=True) for name, path in files.items()}
    labels = read_npy(arguments.labels, mapped=True)
    most = min(len(each) for each in data.values())
    if not 0 <= arguments.simulate <= most:
        raise UserError(
            f"--simulate is {arguments.simulate}; allowed: 0 to {most}, the samples of "
            f"{', '.join(str(path) for path in files.values())}"
        )
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("evaluating", total=len(labels))
        result = bittrue.evaluate(
            graph,
            data,
            labels,
            arguments.metric,
            arguments.ignored_label,
            lambda done: progress.update(task, completed=done),
        )
    simulation = None
    if arguments.simulate:
        with console.status(f"building and running {arguments.simulate} samples on the Verilog"):
            plan = bittrue.plan(graph, device, arguments.cycles, astuple(fill))
            # Calls of a sequence stay one.
            first = slice(arguments.simulate) if graph.states else _spread(most, arguments.simulate)
            some = {name: each[first] for name, each in data.items()}
            simulation = bittrue.simulate(plan, some, arguments.sim)
    if arguments.json:
        print_json(_record(result, simulation))
    else:
        _report(console, arguments.model.name, result, simulation)
    return 0 if simulation is None or simulation.passed else 1


def _spread(samples: int, count: int) -> np.ndarray:
    """Return places of samples from all of the data: labels are often sorted."""
    return np.linspace(0, samples - 1, count).round().astype(int)


def _report(
    console: Console, name: str, result: Evaluation, simulation: bittrue.Simulation | None
) -> None:
    console.print(f"{name}: {result}, {result.samples:,} samples", soft_wrap=True)
    if simulation is None:
        return
    verdict = simulation.verdict
    for problem in verdict.problems:
        console.print(problem, style="red", soft_wrap=True)
    console.print(
        f"Verilog: {len(simulation.outputs)} of the samples, {verdict.compared} codes compared "
        f"with golden, {verdict.differing} differed, on {verdict.simulator}",
        style="green" if verdict.passed else "bold red",
        soft_wrap=True,
    )


def _record(result: Evaluation, simulation: bittrue.Simulation | None) -> dict[str, object]:
    record: dict[str, object] = asdict(result)
    if simulation is not None:
        verdict = simulation.verdict
        record["simulation"] = {
            "passed": verdict.passed,
            "samples": len(simulation.outputs),
            "compared": verdict.compared,
            "differing": verdict.differing,
            "simulator": verdict.simulator,
        }
    return record
