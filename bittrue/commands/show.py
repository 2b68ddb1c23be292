"""``bittrue show``: print and draw a network."""

import argparse
import shutil
from pathlib import Path

from rich.table import Table

from bittrue.flows.arguments.code_files import model_shape
from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import add_model_arguments, load_model
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.flows.reports import graph_labels
from bittrue.flows.reports.graph_drawing import draw
from bittrue.flows.reports.layer_table import layer_table
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.graph import AccumulatingNode, Graph, Node, State
from bittrue.golden.graph.names import first_name
from bittrue.golden.graph.passes.cost import graph_cost, node_cost
from bittrue.golden.graph.tensor import storage_dtype

_WIDE_TERMINAL = 140


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, profile and picture."""
    add_model_arguments(parser, "imported")
    parser.add_argument(
        "--output", type=Path, metavar="PICTURE.svg", help="draw the graph to a file"
    )
    add_json_argument(parser, "layers, inputs and outputs")


def run(arguments: argparse.Namespace) -> int:
    """Print layers, shapes, widths and costs; draw when asked."""
    if arguments.output is not None:
        require_folder_of(arguments.output)
    graph = load_model(arguments)
    if arguments.output is not None:
        write_atomically(arguments.output, draw(graph, arguments.model.stem).encode())
    if arguments.json:
        print_json(graph_record(graph))
        return 0
    console = terminal()
    wide = shutil.get_terminal_size().columns >= _WIDE_TERMINAL
    console.print(_table(graph, arguments.model.name, wide))
    for name in (tensor.name for tensor in graph.inputs):
        console.print(f"input   {name}: {_fed(graph, name)}", soft_wrap=True)
    for name in graph.outputs:
        console.print(f"output  {name}: {_fed(graph, name)}", soft_wrap=True)
    for state in graph.states:
        kept = f"{state.tensor.type} of shape {state.tensor.shape}, from {state.assigned}"
        console.print(f"state   {state.name}: {kept}; N samples are calls in turn", soft_wrap=True)
    cost = graph_cost(graph)
    console.print(
        f"total   {cost.macs:,} MACs, {cost.bit_operations:,} BitOPs, "
        f"{cost.weight_bytes:,} bytes of weights"
    )
    if arguments.output is not None:
        console.print(f"drawn   {arguments.output}", soft_wrap=True)
    return 0


def graph_record(graph: Graph) -> dict[str, object]:
    """Return a network as JSON has it; arrays are those of ``bittrue run``."""
    cost = graph_cost(graph)
    return {
        "profile": graph.profile,
        "inputs": [_tensor_record(graph, tensor.name) for tensor in graph.inputs],
        "outputs": [_tensor_record(graph, name) for name in graph.outputs],
        "states": [_state_record(graph, state) for state in graph.states],
        "layers": [
            {"index": index, "operator": node.operator(), "title": node.title}
            | _tensor_record(graph, node.output)
            | {"inputs": list(node.inputs), "weights": graph_labels.weight_type(node)}
            | {"accumulator": _accumulator(graph, node), "macs": node_cost(graph, node).macs}
            for index, node in enumerate(graph.nodes)
        ],
        "macs": cost.macs,
        "bit_operations": cost.bit_operations,
        "weight_bytes": cost.weight_bytes,
    }


def _tensor_record(graph: Graph, name: str) -> dict[str, object]:
    tensor, quantization = graph.tensors[name], graph.quantization.get(name)
    record: dict[str, object] = {
        "name": name,
        "shape": list(model_shape(graph, name)),
        "type": str(tensor.type),
        "array": storage_dtype(tensor.type).name,
        "minimum": tensor.minimum,
        "maximum": tensor.maximum,
    }
    if quantization is not None:
        record["scale"] = float(quantization.scale)
        record["zero_point"] = quantization.encoding.zero_point
    return record


def _state_record(graph: Graph, state: State) -> dict[str, object]:
    return {
        "state": state.name,
        **_tensor_record(graph, state.tensor.name),
        "assigned": state.assigned,
        "initial": state.initial.tolist(),
    }


def _fed(graph: Graph, name: str) -> str:
    """Return what an array of ``bittrue run`` and ``sim`` holds for a tensor."""
    tensor, quantization = graph.tensors[name], graph.quantization.get(name)
    shape = ", ".join(map(str, ("N", *model_shape(graph, name))))
    kind = storage_dtype(tensor.type)
    text = f"shape ({shape}), {kind}, codes {tensor.minimum} to {tensor.maximum}"
    if quantization is None:
        return text
    scale = f"{float(quantization.scale):.6g}"
    if quantization.encoding.bipolar:
        return f"{text}; real = -{scale} for 0, {scale} for 1"
    zero = quantization.encoding.zero_point
    sign = "-" if zero > 0 else "+"
    return f"{text}; real = {scale} * {f'(code {sign} {abs(zero)})' if zero else 'code'}"


def _table(graph: Graph, title: str, wide: bool) -> Table:
    profile = f", profile {graph.profile}" if graph.profile else ""
    table = layer_table(f"{title}{profile}")
    for heading in ("shape", "codes", "weights", "sum"):
        table.add_column(heading, no_wrap=True)
    for heading in ("MACs", "BitOPs", "bytes"):
        table.add_column(heading, justify="right", no_wrap=True)
    if wide:
        table.add_column("requantization", style="dim", no_wrap=True)
    for position, node in enumerate(graph.nodes):
        row = [str(position), first_name(node.output), *_row(graph, node, wide)]
        if wide:
            scaled = node.requantization if isinstance(node, AccumulatingNode) else None
            row.append(graph_labels.requantization(scaled))
        table.add_row(*row)
    return table


def _row(graph: Graph, node: Node, wide: bool) -> list[str]:
    tensor, cost = graph.tensors[node.output], node_cost(graph, node)
    numbers = (cost.macs, cost.bit_operations, cost.weight_bytes)
    return [
        node.title,
        graph_labels.shape(tensor),
        str(tensor.type),
        graph_labels.weight_type(node),
        _accumulator(graph, node),
        *(_number(number, wide) for number in numbers),
    ]


def _accumulator(graph: Graph, node: Node) -> str:
    bounds = graph.accumulators.get(node.output)
    return "" if bounds is None else str(bounds.type)


def _number(number: int, wide: bool) -> str:
    if not number:
        return ""
    return f"{number:,}" if wide else graph_labels.count(number)
