"""``bittrue build``: a network as Verilog, with everything that belongs to it."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, astuple
from pathlib import Path

from rich.console import Console
from rich.table import Table

import bittrue
from bittrue.commands.stimulus import stimulus_of
from bittrue.flows.arguments.code_files import in_model_layout
from bittrue.flows.arguments.end_files import FILE_OF_EACH
from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import (
    add_model_arguments,
    add_plan_arguments,
    load_cut,
    load_model,
)
from bittrue.flows.building.accelerator import CLOCK_MHZ, SHELLS, Accelerator, check_clock
from bittrue.flows.building.decisions import Earlier, what_changed
from bittrue.flows.building.output_folder import check_replaceable
from bittrue.flows.building.report_page import report_page
from bittrue.flows.engine.offer import engine_offer
from bittrue.flows.planning.devices import DEVICE_HELP, Budget, Fill
from bittrue.flows.planning.plan import DoesNotFitError
from bittrue.flows.planning.planned import PlannedLayer
from bittrue.flows.reports.layer_table import layer_table
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.graph import Graph
from bittrue.golden.graph.names import first_name
from bittrue.hdl.costs.fabric import SERIES_7
from bittrue.hdl.multipliers.catalogue import CATALOGUE
from bittrue.hdl.network.ends import check_ends

_IMAGES = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, device, folder and choices."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "shells:\n" + "\n".join(f"  {name:8} {text}" for name, text in SHELLS.items())
    add_model_arguments(parser, "built")
    parser.add_argument("--device", default="", help=f"one of: {DEVICE_HELP}")
    parser.add_argument(
        "--budget",
        default="",
        metavar="lut=N,dsp=N,bram=N",
        help="what there is of each, in place of a device, or of some of what it has",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a folder")
    parser.add_argument(
        "--name",
        help="the design's, with which all its modules and files begin (default: the model's)",
    )
    add_plan_arguments(parser)
    parser.add_argument(
        "--layer",
        action="append",
        default=[],
        metavar="NAME=KIND",
        help="what multiplies in the layer that makes a tensor: one of "
        f"{', '.join(CATALOGUE)}; what is cheapest where none is given",
    )
    parser.add_argument(
        "--like",
        type=Path,
        metavar="DIR",
        help="the output of an earlier build for a network of the same layers: the same folding, "
        "lanes and ports for other weights, and the same Verilog where they need no other bits",
    )
    parser.add_argument("--package", default="", help="of the device, for the synthesis scripts")
    parser.add_argument("--speed", default="", help="speed grade of the device, for the same")
    parser.add_argument(
        "--latency",
        type=int,
        metavar="N",
        help="cycles from an image's first input to its last output that are enough, estimated",
    )
    parser.add_argument(
        "--clock",
        type=float,
        metavar="MHZ",
        help=f"that scripts ask for and rates are told at (default: {CLOCK_MHZ:g})",
    )
    parser.add_argument("--shell", default="axi", help=f"{' or '.join(SHELLS)} (default: axi)")
    parser.add_argument(
        "--input",
        metavar="[TENSOR=]X.npy",
        action="append",
        default=[],
        help="input codes for the testbench in the model's layout; "
        + FILE_OF_EACH.format("input")
        + "; random ones by default",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="PAGE.html",
        help="what was planned, as one page that needs no other file",
    )
    parser.add_argument(
        "--images",
        type=int,
        metavar="N",
        help=f"images of the testbench (default: {_IMAGES}, or all of --input)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of random codes (default: 1)")
    add_json_argument(parser, "the plan")


def run(arguments: argparse.Namespace) -> int:
    """Plan, print the plan, and write the folder."""
    console = terminal(aside=arguments.json)
    if not arguments.device and not arguments.budget:
        raise UserError(f"--device is missing; choose one of {DEVICE_HELP}, or give a --budget")
    device = bittrue.Device(arguments.device, arguments.package, arguments.speed, arguments.budget)
    fill = Fill.parse(arguments.fill)
    check_replaceable(arguments.output)
    clock = CLOCK_MHZ if arguments.clock is None else arguments.clock
    check_clock(clock)
    if arguments.cycles is not None and arguments.cycles < 1:
        raise UserError(f"--cycles is {arguments.cycles}; allowed: at least 1")
    with console.status("reading the network"):
        graph = load_model(arguments)
        check_ends(graph)
        stimulus = stimulus_of(graph, arguments.input, arguments.images, arguments.seed, _IMAGES)
    with console.status("choosing circuits"):
        share = astuple(fill)
        layers = parse_layers(arguments.layer)
        try:
            plan = bittrue.plan(
                graph,
                device,
                arguments.cycles,
                share,
                arguments.shell,
                layers,
                arguments.like,
                arguments.latency,
            )
        except DoesNotFitError as error:
            raise UserError(f"{error}{_offer(graph, device.part.budget)}") from None
    if not arguments.json:
        console.print(plan_table(plan, f"{arguments.model.name} on {device.summary}"))
    earlier = None if arguments.like is None else Earlier.read(arguments.like)
    name = _name(arguments, earlier)
    images = {name: in_model_layout(graph, name, codes) for name, codes in stimulus.items()}
    with console.status("golden outputs, Verilog"):
        manifest = bittrue.build(
            plan, arguments.output, name, images, cut=load_cut(arguments), clock=clock
        )
    if arguments.report is not None:
        accelerator = Accelerator(name, plan.circuits, plan.shell, clock)
        page = report_page(accelerator, plan.graph, device.part.budget)
        write_atomically(arguments.report, page.encode())
    if arguments.json:
        print_json(plan_record(plan) | {"manifest": str(manifest)})
        return 0
    _summarize(console, plan, arguments.output, arguments.clock)
    if earlier is not None:
        made = Earlier.read(arguments.output)
        console.print(what_changed(plan.circuits, made.verilog, earlier), soft_wrap=True)
    return 0


def _offer(graph: Graph, budget: Budget) -> str:
    """Return what else a device can do with a network that does not fit it."""
    if budget.fabric != SERIES_7:
        return ""
    return engine_offer(graph, budget.luts, budget.multipliers, budget.block_rams)


def _name(arguments: argparse.Namespace, earlier: Earlier | None) -> str:
    """Return the design's name: as given, that of the accelerator it is like, or the model's."""
    if earlier is not None:
        if arguments.name not in (None, earlier.name):
            raise UserError(
                f"--name is {arguments.name!r}; allowed with --like: {earlier.name!r}, with which "
                "modules and files there begin"
            )
        return earlier.name
    return str(arguments.model.stem if arguments.name is None else arguments.name)


def parse_layers(texts: Sequence[str]) -> dict[str, str]:
    """Return kinds of multipliers by the names of layers.

    Raises
    ------
    UserError
        If one is not ``NAME=KIND``, or a layer is named twice.
    """
    layers: dict[str, str] = {}
    for text in texts:
        name, equals, kind = text.rpartition("=")
        if not equals or name in layers:
            raise UserError(f"--layer is {text!r}; allowed: NAME=KIND, once for each layer")
        layers[name] = kind
    return layers


def plan_table(plan: bittrue.Plan, title: str) -> Table:
    """Return a plan as a table, one row for each layer, called as ``bittrue show`` calls it."""
    table = layer_table(title)
    for heading in ("MACs", "PE", "SIMD", "by", "cycles", "use", "LUT", "DSP", "BRAM"):
        table.add_column(heading, justify="left" if heading == "by" else "right", no_wrap=True)
    for layer in plan.layers:
        folding, cost = layer.folding, layer.resources
        index, name = _place(plan, layer)
        table.add_row(
            "" if index is None else str(index),
            name,
            layer.operator,
            f"{layer.products:,}" if layer.products else "",
            str(folding.outputs) if folding else "",
            str(folding.simd) if folding else "",
            _multiplier(layer),
            f"{layer.cycles:,}",
            f"{layer.utilisation(plan.cycles):.0%}" if folding else "",
            f"{cost.luts:,}",
            str(cost.multipliers),
            f"{cost.block_rams:g}",
        )
    around = plan.circuits.surroundings
    table.add_row(
        "",
        "shell and FIFOs",
        *[""] * 7,
        f"{around.luts:,}",
        str(around.multipliers),
        f"{around.block_rams:g}",
    )
    return table


def plan_record(plan: bittrue.Plan) -> dict[str, object]:
    """Return a plan as JSON has it."""
    layers = []
    for layer in plan.layers:
        index, name = _place(plan, layer)
        record: dict[str, object] = {"index": index, "name": name, "operator": layer.operator}
        if layer.folding is not None:
            record |= {
                "outputs": layer.folding.outputs,
                "simd": layer.folding.simd,
                "multiplier": _multiplier(layer),
            }
        layers.append(
            record
            | {"products": layer.products, "cycles": layer.cycles}
            | {"resources": asdict(layer.resources)}
        )
    return {
        "device": plan.device.name,
        "shell": plan.shell,
        "cycles": plan.cycles,
        "layers": layers,
        "surroundings": asdict(plan.circuits.surroundings),
        "resources": asdict(plan.circuits.resources),
    }


def _place(plan: bittrue.Plan, layer: PlannedLayer) -> tuple[int | None, str]:
    """Return a layer's index and name in the network; no index if only its circuit has it."""
    names = [node.output for node in plan.graph.nodes]
    index = names.index(layer.name) if layer.name in names else None
    return index, first_name(layer.name)


def _multiplier(layer: PlannedLayer) -> str:
    return "" if layer.folding is None else layer.folding.multiplier.name.removeprefix("packed_")


def _rate(plan: bittrue.Plan, mhz: float) -> str:
    """Return rate and latency at a clock that nothing here has promised."""
    latency = Accelerator("network", plan.circuits, plan.shell).estimated_latency
    return (
        f"at {mhz:g} MHz, if the device reaches it: {1e6 * mhz / plan.cycles:,.0f} images a "
        f"second, {latency / mhz:,.1f} us from the first input to the last output"
    )


def _summarize(console: Console, plan: bittrue.Plan, folder: Path, clock: float | None) -> None:
    lines = (
        f"{plan.luts:,} LUTs, {plan.multipliers:,} multipliers, {plan.block_rams:g} block RAMs "
        f"(estimated); one image in {plan.cycles:,} cycles",
        *([] if clock is None else [_rate(plan, clock)]),
        f"{folder}/manifest.json describes the folder",
        f"check it: sh {folder}/testbench/run_verilator.sh   or   run_icarus.sh",
    )
    for line in lines:
        console.print(line, soft_wrap=True)
