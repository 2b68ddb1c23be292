"""Records the accumulators of a graph's layers over real inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.executor.execute import Executor
from bittrue.golden.executor.layer_trace import LayerTrace
from bittrue.golden.graph import Encoding, FixedPoint, Graph, MatrixNode, Node
from bittrue.golden.graph.requantize import Requantize


def record_layers(
    graph: Graph, inputs: NDArray[np.integer] | Mapping[str, NDArray[np.integer]]
) -> tuple[LayerTrace, ...]:
    """Run a graph and return what went through the requantizer of every matrix layer.

    Parameters
    ----------
    graph : Graph
    inputs : ndarray of integers, or one for each input by name
        Codes, samples first.

    Returns
    -------
    tuple of LayerTrace
        One for each convolution and fully connected layer with fixed-point requantization.
    """
    split = replace(graph, nodes=tuple(part for node in graph.nodes for part in _split(node)))
    layers = list(_fixed_point_layers(graph))
    names = [name for node, _ in layers for name in (node.output, _accumulator_name(node))]
    tensors = Executor(split).run(inputs, keep=names)
    traces = []
    for node, requantization in layers:
        channels = graph.tensors[node.output].channels
        bounds = graph.accumulators[node.output]
        traces.append(
            LayerTrace(
                node.output,
                tensors[_accumulator_name(node)].reshape(-1, channels).astype(np.int64),
                tensors[node.output].reshape(-1, channels).astype(np.int64),
                requantization.channels,
                requantization.rounding,
                np.broadcast_to(bounds.minimum, channels).copy(),
                np.broadcast_to(bounds.maximum, channels).copy(),
            )
        )
    return tuple(traces)


def _fixed_point_layers(graph: Graph) -> Iterator[tuple[Node, FixedPoint]]:
    for node in graph.nodes:
        if isinstance(node, MatrixNode) and isinstance(node.requantization, FixedPoint):
            yield node, node.requantization


def _split(node: Node) -> tuple[Node, ...]:
    """Return a layer as two nodes with its accumulators between them."""
    if not isinstance(node, MatrixNode) or node.requantization is None:
        return (node,)
    accumulators = replace(node, output=_accumulator_name(node), requantization=None)
    codes = Requantize(
        inputs=(accumulators.output,),
        output=node.output,
        encoding=Encoding(),
        requantization=node.requantization,
    )
    return (accumulators, codes)


def _accumulator_name(node: Node) -> str:
    return f"{node.output}.accumulator"
