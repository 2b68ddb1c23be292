"""``bittrue compile``: a network as a program of the engine."""

import argparse
from pathlib import Path

from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import add_model_arguments, load_model
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.flows.command_status import EXIT_DIFFERENCE
from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.engine.program_files import description_of, write_program
from bittrue.flows.reports.layer_table import layer_table
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.engine.configuration import CONFIGURATIONS, read_configuration
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.graph.names import first_name

_MEGABYTE = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, engine, output and comparison."""
    add_model_arguments(parser, "compiled")
    parser.add_argument(
        "--engine",
        required=True,
        metavar="DIR",
        help=f"a folder with engine.json, or one of: {', '.join(CONFIGURATIONS)}",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PROGRAM.bin",
        help="image of program and weights; PROGRAM.json and PROGRAM.h beside it say where inputs "
        "and outputs are",
    )
    parser.add_argument(
        "--check",
        type=int,
        default=0,
        metavar="N",
        help="execute the program on N random samples, and compare every layer with the network's "
        "own execution (default: 0)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of random samples (default: 1)")
    add_json_argument(parser, "the prediction")


def run(arguments: argparse.Namespace) -> int:
    """Compile, print the prediction, compare if asked, and write the program."""
    console = terminal(aside=arguments.json)
    description_of(arguments.output)
    require_folder_of(arguments.output)
    for name in ("check", "seed"):
        if getattr(arguments, name) < 0:
            raise UserError(f"--{name} is {getattr(arguments, name)}; allowed: 0 or more")
    engine = read_configuration(arguments.engine)
    with console.status("compiling"):
        graph = load_model(arguments)
        compiled = compile_graph(graph, engine)
    if not arguments.json:
        console.print(report_table(compiled, f"{arguments.model.name} on {arguments.engine}"))
    verdict: dict[str, object] = {}
    if arguments.check:
        with console.status("executing"):
            verdict = _compare(compiled, graph, arguments.check, arguments.seed)
        console.print(
            verdict["first_difference"]
            or f"{arguments.check} samples, {verdict['compared']} codes of all layers compared, "
            "0 differed",
            style="green" if verdict["passed"] else "bold red",
            soft_wrap=True,
        )
        if not verdict["passed"]:
            if arguments.json:
                print_json(compiled.report.record() | {"check": verdict})
            return EXIT_DIFFERENCE
    write_program(arguments.output, compiled, graph, arguments.model.stem)
    if arguments.json:
        print_json(compiled.report.record() | ({"check": verdict} if verdict else {}))
        return 0
    report, needs = compiled.report, compiled.program.needs
    console.print(
        f"{report.cycles:,} cycles predicted, {report.share:.1%} of {report.peak} products a "
        f"cycle; {len(compiled.program.instructions):,} instructions, image "
        f"{len(compiled.image) / _MEGABYTE:.2f} MB, data {needs.data_bytes / _MEGABYTE:.2f} MB",
        soft_wrap=True,
    )
    return 0


def _compare(compiled: Compiled, graph: Graph, samples: int, seed: int) -> dict[str, object]:
    """Execute the program and the graph on random samples."""
    # Only now, because importing torch takes seconds.
    from bittrue.building import random_images
    from bittrue.flows.engine.check import compare_layers
    from bittrue.golden.executor.execute import Executor

    tensors = Executor(graph).run(random_images(graph, samples, seed), list(graph.tensors))
    results = [compare_layers(compiled, graph, tensors, sample) for sample in range(samples)]
    return {
        "passed": all(result.passed for result in results),
        "samples": samples,
        "compared": sum(result.compared for result in results),
        "differing": sum(result.differing for result in results),
        "first_difference": next((result.first for result in results if result.first), ""),
    }


def report_table(compiled: Compiled, title: str) -> Table:
    """Return a prediction as a table, a row for each layer."""
    table = layer_table(title)
    for heading in ("MACs", "cycles", "peak", "loaded", "stored"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("bound by", no_wrap=True)
    report = compiled.report
    for number, layer in enumerate(report.layers):
        share = layer.products / (max(layer.cycles, 1) * report.peak)
        table.add_row(
            str(number),
            first_name(layer.name),
            layer.title,
            f"{layer.products:,}" if layer.products else "",
            f"{layer.cycles:,}",
            f"{share:.0%}" if layer.products else "",
            f"{layer.loaded:,}",
            f"{layer.stored:,}",
            layer.bound,
        )
    return table
