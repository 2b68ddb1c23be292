"""Operands in the shape in which each layer uses them."""

from dataclasses import replace

from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.reshape import Reshape


def broadcast_operands(graph: Graph) -> Graph:
    """Give additions and multiplications operands as large as what they compute.

    A circuit combines streams element by element, so an operand that golden broadcasts, a number
    for each channel, say, becomes one that a node of its own repeats. What is repeated along
    dimensions that do not follow each other is repeated along one after the other.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    Graph
        Equal for every input.
    """
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = list(node.inputs)
        if node.repeats_operands:
            shape = graph.tensors[node.output].shape
            for port, name in enumerate(inputs):
                repeats = _repeats(graph.tensors[name], shape, f"{name} for {node.output}, {port}")
                nodes.extend(repeats)
                inputs[port] = repeats[-1].output if repeats else name
        if isinstance(node, Broadcast):
            steps = _repeats(graph.tensors[inputs[0]], node.shape, f"{node.output} of {inputs[0]}")
            if len(steps) > 1:
                nodes.extend([*steps[:-1], replace(steps[-1], output=node.output)])
                continue
        nodes.append(replace(node, inputs=tuple(inputs)))
    return replace(graph, nodes=tuple(nodes))


def _repeats(tensor: Tensor, shape: tuple[int, ...], name: str) -> list[Node]:
    """Return what repeats a tensor, each along dimensions that follow each other.

    The first ones come first: what is kept to be repeated is then smallest.
    """
    aligned = (*(1,) * (len(shape) - len(tensor.shape)), *tensor.shape)
    nodes: list[Node] = []
    source, reached = tensor.name, list(aligned)
    for axis, size in enumerate(shape):
        reached[axis] = size
        following = next((n for n in range(axis + 1, len(shape)) if shape[n] > 1), None)
        ends = following is None or aligned[following] == shape[following]
        if aligned[axis] != size and ends:
            output = f"{name}, {len(nodes)}" if nodes else name
            nodes.append(Broadcast(inputs=(source,), output=output, shape=tuple(reached)))
            source = output
    if not nodes and tensor.shape != shape:  # All that is missing is dimensions of size 1.
        nodes.append(Reshape(inputs=(source,), output=name, shape=shape))
    return nodes
