"""Networks in .bittrue files, whole or in part."""

from dataclasses import replace
from pathlib import Path

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.cut import Cut, File, Step
from bittrue.golden.graph import Graph, file
from bittrue.golden.graph.passes.cost import node_cost


def import_saved(path: Path, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Graph:
    """Read a .bittrue file as an integer graph.

    Parameters
    ----------
    path : Path
    inputs, outputs : tuple of str
        Tensors to be the graph's, in place of those it has.

    Raises
    ------
    UserError
        Naming the file, what is wrong and what to do.
    """
    graph = file.load(path)
    if not inputs and not outputs:
        return graph
    try:
        return part_of(graph, inputs, outputs)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def cut_saved(path: Path, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Cut:
    """Return what `import_saved` leaves out."""
    parts = _file(file.load(path))
    inputs, outputs = parts.ends(inputs, outputs)
    return parts.cut(inputs, parts.part(inputs, outputs))


def part_of(graph: Graph, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Graph:
    """Return the part of a graph between two ends; see `golden.frontends.cut.File.ends`."""
    parts = _file(graph)
    inputs, outputs = parts.ends(inputs, outputs)
    nodes = tuple(graph.nodes[place] for place in parts.part(inputs, outputs))
    names = {*inputs, *(node.output for node in nodes)}
    return replace(
        graph,
        inputs=tuple(graph.tensors[name] for name in inputs),
        nodes=nodes,
        outputs=outputs,
        quantization={name: each for name, each in graph.quantization.items() if name in names},
        layouts={name: each for name, each in graph.layouts.items() if name in names},
    )


def _file(graph: Graph) -> File:
    steps = [
        Step(node.operator(), node.inputs, (node.output,), node_cost(graph, node).macs)
        for node in graph.nodes
    ]
    return File(steps, tuple(tensor.name for tensor in graph.inputs), graph.outputs)
