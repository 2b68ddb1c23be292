"""The smallest network that still fails."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np

from bittrue.flows.fuzzing.comparison import Circuit
from bittrue.golden.errors import UserError
from bittrue.golden.graph import AccumulatingNode, Graph, MatrixNode, Node, Tensor
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.network.spec import NetworkSpec

Subject = TypeVar("Subject")


def smallest_graph(graph: Graph, fails: Callable[[Graph], bool], tries: int) -> Graph:
    """Return the smallest graph found that fails, by leaving out and cutting off.

    Parameters
    ----------
    graph : Graph
        One that fails.
    fails : callable
        Whether another graph does, too.
    tries : int
        How often that is asked at most.
    """
    return _smallest(graph, smaller_graphs, fails, tries)


def smallest_circuit(circuit: Circuit, fails: Callable[[Circuit], bool], tries: int) -> Circuit:
    """Return the smallest circuit found that fails; see `smallest_graph`."""
    return _smallest(circuit, smaller_circuits, fails, tries)


def _smallest(
    subject: Subject,
    smaller: Callable[[Subject], Iterator[Subject]],
    fails: Callable[[Subject], bool],
    tries: int,
) -> Subject:
    left = tries
    while left:
        for candidate in smaller(subject):
            left -= 1
            if fails(candidate):
                subject = candidate
                break
            if not left:
                break
        else:
            break  # No smaller one fails.
    return subject


def smaller_graphs(graph: Graph) -> Iterator[Graph]:
    """Yield graphs that are a step smaller, those with the least left of them first."""
    made = [node.output for node in graph.nodes]
    candidates = [_part(graph, (name,)) for name in made]
    if len(graph.outputs) > 1:
        candidates += [_part(graph, (name,)) for name in graph.outputs]
    candidates += [_cut(graph, name) for name in reversed(made) if graph.consumers(name)]
    candidates += list(_smaller_inputs(graph)) + list(_plainer_nodes(graph))
    found = [each for each in candidates if each is not None and _size(each) < _size(graph)]
    yield from sorted(found, key=_size)


def _size(graph: Graph) -> tuple[int, int, int, int]:
    """Return by what graphs are compared: nodes, outputs, elements, and what weights are not 0."""
    elements = sum(tensor.elements for tensor in graph.tensors.values())
    numbers = 0
    for node in graph.nodes:
        for field in fields(node):
            value = getattr(node, field.name)
            if isinstance(value, np.ndarray):
                numbers += int(np.count_nonzero(value))
        requantization = getattr(node, "requantization", None)
        numbers += 0 if requantization is None else len(requantization)
    return len(graph.nodes), len(graph.outputs), elements, numbers


def _part(graph: Graph, outputs: tuple[str, ...]) -> Graph | None:
    """Return what some outputs need of a graph."""
    needed = set(outputs)
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed |= set(node.inputs)
    nodes = tuple(node for node in graph.nodes if node.output in needed)
    inputs = tuple(tensor for tensor in graph.inputs if tensor.name in needed)
    return _sound(inputs or graph.inputs[:1], nodes, outputs)


def _cut(graph: Graph, name: str) -> Graph | None:
    """Return a graph in which a tensor is given that is computed before."""
    tensor = graph.tensors[name]
    nodes = tuple(node for node in graph.nodes if node.output != name)
    outputs = tuple(each for each in graph.outputs if each != name)
    whole = _sound((*graph.inputs, tensor), nodes, outputs)
    return None if whole is None else _part(whole, outputs)


def _smaller_inputs(graph: Graph) -> Iterator[Graph | None]:
    """Yield graphs whose inputs have fewer rows, columns or channels."""
    for place, tensor in enumerate(graph.inputs):
        for axis, length in enumerate(tensor.shape):
            for shorter in {1, length // 2, length - 1} - {0, length}:
                shape = (*tensor.shape[:axis], shorter, *tensor.shape[axis + 1 :])
                inputs = list(graph.inputs)
                inputs[place] = replace(tensor, shape=shape)
                yield _sound(tuple(inputs), graph.nodes, graph.outputs)


def _plainer_nodes(graph: Graph) -> Iterator[Graph | None]:
    """Yield graphs with a node that has zeros where it had numbers, or no requantization."""
    for place, node in enumerate(graph.nodes):
        for plainer in _plainer(node):
            nodes = (*graph.nodes[:place], plainer, *graph.nodes[place + 1 :])
            yield _sound(graph.inputs, nodes, graph.outputs)


def _plainer(node: Node) -> Iterator[Node]:
    if isinstance(node, AccumulatingNode) and node.requantization is not None:
        yield replace(node, requantization=None)
    if isinstance(node, MatrixNode) and node.bias.any():
        yield replace(node, bias=np.zeros_like(node.bias))


def _sound(
    inputs: tuple[Tensor, ...], nodes: tuple[Node, ...], outputs: tuple[str, ...]
) -> Graph | None:
    if not outputs:
        return None
    try:
        return Graph(inputs, nodes, outputs)
    except (UserError, ValueError, IndexError):
        return None


def smaller_circuits(circuit: Circuit) -> Iterator[Circuit]:
    """Yield circuits that are a step smaller or plainer."""
    spec = circuit.spec
    for graph in smaller_graphs(spec.graph):
        made = _spec(
            graph,
            {name: each for name, each in spec.foldings.items() if name in graph.tensors},
            {name: each for name, each in spec.lanes.items() if name in graph.tensors},
        )
        if made is not None:
            yield replace(circuit, spec=made)
    if circuit.stall != (0, 0):
        yield replace(circuit, stall=(0, 0))
    if spec.memories:
        yield replace(circuit, spec=replace(spec, memories={}))
    for name, folding in spec.foldings.items():
        plain = replace(folding, weights=None, window=None, constants=None, scales_in_logic=False)
        if plain != folding:
            yield replace(circuit, spec=replace(spec, foldings={**spec.foldings, name: plain}))
    if any(lanes > 1 for lanes in spec.lanes.values()):
        made = _spec(spec.graph, dict(spec.foldings), {})
        if made is not None:
            yield replace(circuit, spec=made)


def _spec(graph: Graph, foldings: dict[str, Folding], lanes: dict[str, int]) -> NetworkSpec | None:
    try:
        spec = NetworkSpec(graph, foldings, lanes)
        return spec if spec.layers else None
    except UserError:
        return None
