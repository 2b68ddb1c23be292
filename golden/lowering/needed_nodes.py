"""Graphs without what nobody reads."""

from dataclasses import replace

from bittrue.golden.graph import Graph


def needed_nodes(graph: Graph) -> Graph:
    """Return an equal graph of the nodes on which an output or a state depends.

    In a circuit, a stream that nobody takes would wait for ever, and with it all that reads the
    same tensors.
    """
    needed = {*graph.outputs, *(state.assigned for state in graph.states)}
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
    nodes = tuple(node for node in graph.nodes if node.output in needed)
    if len(nodes) == len(graph.nodes):
        return graph
    gone = {node.output for node in graph.nodes if node.output not in needed}
    return replace(
        graph,
        nodes=nodes,
        quantization={name: each for name, each in graph.quantization.items() if name not in gone},
        layouts={name: each for name, each in graph.layouts.items() if name not in gone},
    )
