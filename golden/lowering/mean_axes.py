"""Means over any dimensions as sums over those that follow each other."""

from dataclasses import replace

from bittrue.golden.graph import Encoding, Graph, Node
from bittrue.golden.graph.mean import Mean


def split_means(graph: Graph) -> Graph:
    """Add up over dimensions that follow each other, one run of them after the other.

    A circuit adds what comes in turns, and dimensions between those added over would be turns
    within turns.

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
        nodes.extend(_split(node, graph) if isinstance(node, Mean) else [node])
    return replace(graph, nodes=tuple(nodes))


def added_over(axes: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the dimensions along which more than one element is added; the first if none is."""
    return tuple(axis for axis in axes if shape[axis] > 1) or axes[:1]


def follow_each_other(axes: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Return whether no others, but for those of size 1, lie between the dimensions added over."""
    over = added_over(axes, shape)
    return all(axis in over or shape[axis] == 1 for axis in range(over[0], over[-1] + 1))


def last_run(
    axes: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the dimensions before the last ones that follow each other, and those."""
    count = next(n for n in range(len(axes)) if follow_each_other(axes[n:], shape))
    return axes[:count], axes[count:]


def _split(node: Mean, graph: Graph) -> list[Node]:
    shape = graph.tensors[node.inputs[0]].shape
    nodes: list[Node] = []
    axes, source, encoding = node.axes, node.inputs[0], node.encoding
    while not follow_each_other(axes, shape):
        # The last run first: what is kept of it is least.
        axes, run = last_run(axes, shape)
        total = f"{node.output}, sum over {', '.join(map(str, run))}"
        nodes.append(
            Mean(inputs=(source,), output=total, axes=run, keep_dimensions=True, encoding=encoding)
        )
        shape = tuple(1 if axis in run else size for axis, size in enumerate(shape))
        source, encoding = total, Encoding()
    if nodes and not node.keep_dimensions:
        # Those that are gone are of size 1 by now, and added over once more.
        axes = node.axes
    nodes.append(replace(node, inputs=(source,), axes=axes, encoding=encoding))
    return nodes
