"""Constants in the shape in which each layer uses them."""

from collections import Counter
from dataclasses import replace

import numpy as np

from bittrue.golden.graph import Graph, Node
from bittrue.golden.graph.constant import Constant


def spread_constants(graph: Graph) -> Graph:
    """Give each use of a constant a constant of its own, as large as the layer's other operands.

    A circuit combines streams element by element, so an operand that golden broadcasts, a number
    for each channel, say, is repeated for every pixel. As each has one reader, no constant has to
    be sent along several branches.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    Graph
        Equal for every input. Constants that nothing reads are gone, unless they are outputs or
        what a state becomes.
    """
    constants = {node.output: node for node in graph.nodes if isinstance(node, Constant)}
    leaving = {*graph.outputs, *(state.assigned for state in graph.states)}
    kept = [node for node in graph.nodes if node.output not in constants or node.output in leaving]
    uses = Counter(name for node in kept for name in node.inputs)
    nodes: list[Node] = []
    for node in kept:
        inputs = list(node.inputs)
        for port, name in enumerate(inputs):
            if name in constants:
                if uses[name] > 1 or name in leaving:
                    inputs[port] = f"{name} for {node.output}, {port}"
                nodes.append(_spread(constants[name], inputs[port], node, graph))
        nodes.append(replace(node, inputs=tuple(inputs)))
    known = {tensor.name for tensor in graph.inputs} | {node.output for node in nodes}
    known |= {state.tensor.name for state in graph.states}
    return replace(
        graph,
        nodes=tuple(nodes),
        quantization={name: each for name, each in graph.quantization.items() if name in known},
        layouts={
            name: each
            for name, each in graph.layouts.items()
            if name in known and name not in constants
        },
    )


def _spread(constant: Constant, name: str, reader: Node, graph: Graph) -> Constant:
    values = constant.values
    if reader.repeats_operands:
        values = np.broadcast_to(values, graph.tensors[reader.output].shape)
    return Constant(inputs=(), output=name, values=values, type=constant.type)
