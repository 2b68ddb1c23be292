"""``bittrue show``: print and draw a network."""

import argparse
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from flows.arguments.model_arguments import add_model_arguments, load_model
from flows.arguments.output_files import require_folder_of
from flows.reports import graph_labels
from flows.reports.graph_drawing import draw
from golden.files.atomic_file import write_atomically
from golden.graph import AccumulatingNode, Graph, Node
from golden.graph.passes.cost import graph_cost, node_cost

_NAME_LENGTH = 40
_WIDE_TERMINAL = 140


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, profile and picture."""
    add_model_arguments(parser, "imported")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the graph to a file")


def run(arguments: argparse.Namespace) -> int:
    """Print layers, shapes, widths and costs; draw when asked."""
    if arguments.svg is not None:
        require_folder_of(arguments.svg)
    graph = load_model(arguments)
    if arguments.svg is not None:
        write_atomically(arguments.svg, draw(graph, arguments.model.stem).encode())
    console = Console(highlight=False)
    console.print(_table(graph, arguments.model.name, wide=console.width >= _WIDE_TERMINAL))
    cost = graph_cost(graph)
    for tensor in graph.inputs:
        console.print(
            f"input   {tensor.name}: {graph_labels.shape(tensor)}, {graph_labels.codes(tensor)}",
            soft_wrap=True,
        )
    for name in graph.outputs:
        tensor = graph.tensors[name]
        console.print(
            f"output  {name}: {graph_labels.shape(tensor)}, {graph_labels.codes(tensor)}",
            soft_wrap=True,
        )
    console.print(
        f"total   {cost.macs:,} MACs, {cost.bit_operations:,} BitOPs, "
        f"{cost.weight_bytes:,} bytes of weights"
    )
    if arguments.svg is not None:
        console.print(f"drawn   {arguments.svg}", soft_wrap=True)
    return 0


def _table(graph: Graph, name: str, wide: bool) -> Table:
    profile = f", profile {graph.profile}" if graph.profile else ""
    table = Table(
        title=f"{name}{profile}", title_justify="left", title_style="bold", box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    headings = ("#", "layer", "shape", "codes", "weights", "sum", "MACs", "BitOPs", "bytes")
    for heading in headings:
        right = heading in ("#", "MACs", "BitOPs", "bytes")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    if wide:
        for heading in ("requantization", "output"):
            table.add_column(heading, style="dim", no_wrap=True)
    for position, node in enumerate(graph.nodes):
        row = [str(position), *_row(graph, node, wide)]
        table.add_row(*(row if wide else row[: len(headings)]))
    return table


def _row(graph: Graph, node: Node, wide: bool) -> list[str]:
    tensor, cost = graph.tensors[node.output], node_cost(graph, node)
    bounds = graph.accumulators.get(node.output)
    scaled = node.requantization if isinstance(node, AccumulatingNode) else None
    numbers = (cost.macs, cost.bit_operations, cost.weight_bytes)
    return [
        node.title,
        graph_labels.shape(tensor),
        str(tensor.type),
        graph_labels.weight_type(node),
        "" if bounds is None else str(bounds.type),
        *(_number(number, wide) for number in numbers),
        graph_labels.requantization(scaled),
        graph_labels.short_name(node.output, _NAME_LENGTH),
    ]


def _number(number: int, wide: bool) -> str:
    if not number:
        return ""
    return f"{number:,}" if wide else graph_labels.count(number)
