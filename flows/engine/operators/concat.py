"""Tensors joined: by address where they begin with a word, otherwise moved."""

import numpy as np

from bittrue.flows.engine.layers import Geometry, PoolLayer
from bittrue.flows.engine.lowering import (
    Lowering,
    image_shape,
    lower_node,
    moved_channels,
    places_of_parts,
)
from bittrue.flows.engine.places import View
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.graph.concat import Concat


@places_of_parts.register
def _(node: Concat, graph: Graph) -> list[tuple[str, int, int]]:
    axis = node.axis + 3 - len(graph.tensors[node.output].shape)
    sizes = [graph.tensors[name].shape[node.axis] for name in node.inputs]
    firsts = np.cumsum([0, *sizes[:-1]]).tolist()
    return [(name, axis, first) for name, first in zip(node.inputs, firsts, strict=True)]


@lower_node.register
def _(node: Concat, lowering: Lowering) -> None:
    rank = len(lowering.tensor(node.output).shape)
    axis = node.axis + 3 - rank
    if axis < 0:
        raise UserError(f"it joins along dimension {node.axis} of {rank}; allowed: the last three")
    if node.output not in lowering.views:
        lowering.target(node.output)
    target = lowering.views[node.output]
    shapes = [image_shape(lowering.tensor(name).shape) for name in node.inputs]
    firsts = np.cumsum([0, *(shape[axis] for shape in shapes[:-1])]).tolist()
    if axis == 2 and any(first % lowering.lanes for first in firsts):
        _join_within_words(node, lowering, target, shapes)
        return
    for name, shape, first in zip(node.inputs, shapes, firsts, strict=True):
        if lowering.is_joined(name) and lowering.views[name].buffer is target.buffer:
            continue
        if axis == 2:
            part = target.part(first // lowering.lanes, shape[2])
        else:
            row, column = (first, 0) if axis == 0 else (0, first)
            part = target.rectangle(row, column, shape[0], shape[1])
        _copy(node, lowering, name, part)


def _copy(node: Concat, lowering: Lowering, name: str, target: View) -> None:
    lowering.layers.append(
        PoolLayer(
            name=node.output,
            title=node.title,
            target=target,
            source=lowering.source(name),
            geometry=Geometry(),
            minimum=-128,
            maximum=127,
        )
    )


def _join_within_words(
    node: Concat, lowering: Lowering, target: View, shapes: list[tuple[int, int, int]]
) -> None:
    """Copy the tensors one behind the other, each from a word on, and take channels by number."""
    lanes = lowering.lanes
    height, width, _ = target.shape
    planes = [-(-channels // lanes) for _, _, channels in shapes]
    whole = lowering.scratch(node.output, (height, width, sum(planes) * lanes))
    # What lies between is no output, whatever the output is.
    whole.buffer.raw = False
    taken, first = [], 0
    for name, shape, count in zip(node.inputs, shapes, planes, strict=True):
        _copy(node, lowering, name, whole.part(first, shape[2]))
        taken.append(first * lanes + np.arange(shape[2]))
        first += count
    moved_channels(lowering, node, whole, target, np.concatenate(taken))
