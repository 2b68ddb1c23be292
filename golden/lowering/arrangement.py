"""Elements of a tensor in any other places: the nodes that put them there."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from bittrue.golden.graph import Node
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.transpose import Transpose
from bittrue.golden.lowering.movements import rearranged
from bittrue.golden.numbers.arrays import Int64

Shape = tuple[int, ...]


def arranged(source: str, shape: Shape, places: Int64, name: str) -> list[Node]:
    """Take elements by number, in a tensor of another shape.

        result.flat[k] = source.flat[places.flat[k]]

    A reshape where they stay in order, a transpose where they only change their order by whole
    dimensions, elements by number along dimensions where these do not depend on each other, and
    elements by number of all in a row else.

    Parameters
    ----------
    source : str
    shape : tuple of int
        Of it, without the batch.
    places : ndarray of int64
        Of the result's shape, without the batch.
    name : str
        Of the result.
    """
    whole, flat = math.prod(shape), places.reshape(-1)
    if flat.size == whole and np.array_equal(flat, np.arange(whole)):
        return [Reshape(inputs=(source,), output=name, shape=places.shape)]
    chosen = _along_dimensions(shape, places)
    if chosen is not None:
        return _chosen(source, *chosen, places.shape, name)
    turned = _turned(whole, flat)
    if turned is not None:
        sizes, permutation = turned
        return [
            Reshape(inputs=(source,), output=f"{name}/parts", shape=sizes),
            Transpose(inputs=(f"{name}/parts",), output=f"{name}/turned", permutation=permutation),
            Reshape(inputs=(f"{name}/turned",), output=name, shape=places.shape),
        ]
    return [
        Reshape(inputs=(source,), output=f"{name}/row", shape=(whole,)),
        Gather(inputs=(f"{name}/row",), output=f"{name}/taken", axis=0, indices=_listed(flat)),
        Reshape(inputs=(f"{name}/taken",), output=name, shape=places.shape),
    ]


def _listed(values: Int64) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _chosen(
    source: str, shape: Shape, indices: Mapping[int, Sequence[int]], made: Shape, name: str
) -> list[Node]:
    """Return the nodes that take elements along dimensions of a tensor seen in a shape."""
    taken = tuple(len(indices.get(axis, range(size))) for axis, size in enumerate(shape))
    nodes: list[Node] = []
    if len(shape) != len(made):
        nodes.append(Reshape(inputs=(source,), output=f"{name}/seen", shape=shape))
        source = f"{name}/seen"
    last = name if taken == made else f"{name}/taken"
    nodes += rearranged(source, shape, indices, last)
    if taken != made:
        nodes.append(Reshape(inputs=(last,), output=name, shape=made))
    return nodes


def _along_dimensions(
    shape: Shape, places: Int64
) -> tuple[Shape, Mapping[int, Sequence[int]]] | None:
    """Return numbers of elements along each dimension, where none depends on the others.

    The source is seen with further dimensions of 1 where the result has more.
    """
    seen, made = [shape], [places]
    missing = len(places.shape) - len(shape)
    if missing > 0:
        seen = [_with_ones(shape, kept) for kept in combinations(range(places.ndim), len(shape))]
    elif missing < 0:
        kept = combinations(range(len(shape)), places.ndim)
        made = [places.reshape(_with_ones(places.shape, each, len(shape))) for each in kept]
    for given in seen:
        for wanted in made:
            indices = _separated(given, wanted)
            if indices is not None:
                return given, indices
    return None


def _with_ones(shape: Shape, kept: Sequence[int], rank: int | None = None) -> Shape:
    """Return a shape whose dimensions stand at some places, those of 1 at the others."""
    total = (max(kept, default=-1) + 1) if rank is None else rank
    return tuple(shape[list(kept).index(axis)] if axis in kept else 1 for axis in range(total))


def _separated(shape: Shape, places: Int64) -> Mapping[int, Sequence[int]] | None:
    if len(shape) != places.ndim:
        return None
    indices = {}
    for axis in range(places.ndim):
        line = places[tuple(slice(None) if each == axis else 0 for each in range(places.ndim))]
        indices[axis] = np.array(np.unravel_index(line, shape))[axis].tolist()
    grid = np.meshgrid(*indices.values(), indexing="ij")
    if not np.array_equal(np.ravel_multi_index(tuple(grid), shape), places):
        return None
    return indices


def _turned(whole: int, flat: Int64) -> tuple[Shape, Shape] | None:
    """Return sizes of dimensions, and their order, where that is all that changes."""
    sizes, strides, reach = list[int](), list[int](), 1
    while reach < flat.size:  # The fastest dimension that is left: as long as it goes on alike.
        stride = int(flat[reach] - flat[0])
        count = 1
        while (count + 1) * reach <= flat.size and flat[count * reach] == flat[0] + count * stride:
            count += 1
        if flat.size % (count * reach):
            return None
        sizes, strides, reach = [count, *sizes], [stride, *strides], reach * count
    order = sorted(range(len(sizes)), key=lambda axis: -strides[axis])
    given = tuple(sizes[axis] for axis in order)
    permutation = tuple(order.index(axis) for axis in range(len(sizes)))
    if math.prod(given) != whole:
        return None
    same = np.arange(whole).reshape(given).transpose(permutation).reshape(-1)
    return (given, permutation) if np.array_equal(same, flat) else None
