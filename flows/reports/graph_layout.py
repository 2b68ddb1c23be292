"""Places for the nodes of a directed graph: layers from top to bottom, few crossings.

K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual Understanding of Hierarchical System
Structures", 1981: nodes go to layers by their longest path, edges over several layers get a
waypoint in each, and each layer is ordered by the mean place of its neighbours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 9  # Odd: the last one goes down.


@dataclass(frozen=True)
class Layout:
    """Places in units of one node's width (x) and of one layer (y).

    Parameters
    ----------
    places : dict of str to (float, int)
        Centre of each node.
    routes : dict of (str, str) to list of (float, int)
        Waypoints of each edge, its ends included.
    """

    places: dict[str, tuple[float, int]]
    routes: dict[tuple[str, str], list[tuple[float, int]]]

    @property
    def width(self) -> tuple[float, float]:
        """Least and greatest x of all nodes and waypoints."""
        across = [x for x, _ in self.places.values()]
        across += [x for route in self.routes.values() for x, _ in route]
        return min(across), max(across)


def lay_out(predecessors: Mapping[str, Sequence[str]], waypoint_width: float = 0.3) -> Layout:
    """Place nodes given in topological order with those they read."""
    layer: dict[str, int] = {}
    for node, sources in predecessors.items():
        layer[node] = max((layer[source] + 1 for source in sources), default=0)
    layers: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for node, depth in layer.items():
        layers[depth].append(node)
    above: dict[str, list[str]] = {node: [] for node in predecessors}
    below: dict[str, list[str]] = {node: [] for node in predecessors}
    chains: dict[tuple[str, str], list[str]] = {}
    for node, sources in predecessors.items():
        for source in dict.fromkeys(sources):
            chain = [source]
            for depth in range(layer[source] + 1, layer[node]):
                waypoint = f"{source}\0{node}\0{depth}"  # No name has a zero character.
                layers[depth].append(waypoint)
                above[waypoint], below[waypoint] = [], []
                chain.append(waypoint)
            chain.append(node)
            for upper, lower in pairwise(chain):
                below[upper].append(lower)
                above[lower].append(upper)
            chains[source, node] = chain
    width = {name: waypoint_width if "\0" in name else 1.0 for name in above}
    across = _arrange(layers, above, below, width)
    place = {name: (across[name], number) for number, names in enumerate(layers) for name in names}
    return Layout(
        {node: place[node] for node in predecessors},
        {edge: [place[name] for name in chain] for edge, chain in chains.items()},
    )


def _arrange(
    layers: list[list[str]],
    above: Mapping[str, Sequence[str]],
    below: Mapping[str, Sequence[str]],
    width: Mapping[str, float],
) -> dict[str, float]:
    """Return the x of every name: under the mean of those above, then over those below, in turn."""
    across: dict[str, float] = {}
    for names in layers:
        across.update(_spread(names, [float(index) for index in range(len(names))], width))
    for sweep in range(_SWEEPS):
        upwards = sweep % 2 == 1
        neighbours = below if upwards else above
        for names in reversed(layers) if upwards else layers:
            wished = [
                sum(across[other] for other in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else across[name]
                for name in names
            ]
            across.update(_spread(names, wished, width))
    return across


def _spread(
    names: Sequence[str], wished: Sequence[float], width: Mapping[str, float]
) -> dict[str, float]:
    """Return places in the order of the wishes, apart by their widths, near the wishes on average.

    Nodes that overlap are joined to blocks, which sit at the mean of their members' wishes.
    """
    order = sorted(range(len(names)), key=lambda index: wished[index])
    blocks: list[tuple[float, list[int]]] = []  # Left end and members of each.

    def extent(members: Sequence[int]) -> float:
        return sum(width[names[index]] for index in members)

    def best_left(members: Sequence[int]) -> float:
        offset, total = 0.0, 0.0
        for index in members:
            total += wished[index] - offset - width[names[index]] / 2
            offset += width[names[index]]
        return total / len(members)

    for index in order:
        members = [index]
        left = best_left(members)
        while blocks and blocks[-1][0] + extent(blocks[-1][1]) > left:
            members = blocks.pop()[1] + members
            left = best_left(members)
        blocks.append((left, members))
    places: dict[str, float] = {}
    for left, members in blocks:
        for index in members:
            places[names[index]] = left + width[names[index]] / 2
            left += width[names[index]]
    return places
