"""The streams between the layers of a network, as far as no device matters to them."""

import itertools
import math
from collections.abc import Mapping
from functools import cached_property

from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.hdl.layers.registry import is_wire
from bittrue.hdl.network.connections import Connections, Edge
from bittrue.hdl.network.spec import NetworkSpec

_STEPS = 4
"""Steps for each doubling of the cycles."""


class Streams:
    """Lanes of the streams for a series of rates, and the FIFOs that they need.

    Parameters
    ----------
    graph : Graph
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known_cycles: dict[tuple[str, int], int] = {}

    @cached_property
    def lanes(self) -> list[dict[str, int]]:
        """The fewest lanes of each tensor with which all pass, from few lanes to many."""
        found: list[dict[str, int]] = []
        for number in itertools.count():
            lanes = self._lanes(round(2 ** (number / _STEPS)))
            if not found or lanes != found[-1]:
                found.append(lanes)
            if max(lanes.values()) == 1:
                break
        return found[::-1]

    @cached_property
    def slowest(self) -> NetworkSpec:
        """The network with one element to a beat, and one product at a time."""
        return NetworkSpec(self._graph)

    @cached_property
    def connections(self) -> Connections:
        """What joins the layers of the slowest network."""
        return Connections(self.slowest)

    @cached_property
    def depths(self) -> dict[Edge, int]:
        """Elements of the FIFO at each edge that has one, as far as is known.

        In a faster network more waits, while elements are in pipelines; see `deepen`.
        """
        return dict(self.connections.depths)

    def deepen(self, depths: Mapping[Edge, int]) -> None:
        """Note the depths that some network needs."""
        for edge, depth in depths.items():
            self.depths[edge] = max(depth, self.depths.get(edge, 0))

    def _lanes(self, cycles: int) -> dict[str, int]:
        """Return the fewest lanes with which each tensor passes within so many cycles."""
        channels: dict[str, int] = {}
        origins: dict[str, str] = {}
        for tensor in self._graph.tensors.values():
            producer = self._graph.producer(tensor.name)
            origin = tensor.name
            if producer is not None and is_wire(producer):
                origin = origins[producer.inputs[0]]
            origins[tensor.name] = origin
            channels[origin] = math.gcd(channels.get(origin, 0), tensor.channels)
        for layer in self.slowest.layers.values():
            if layer.whole:
                for name in (*layer.node.inputs, layer.node.output):
                    channels[origins[name]] = math.gcd(channels[origins[name]], *layer.whole)
        lanes = {
            name: self._fewest_lanes(self._graph.tensors[name], channels[origin], cycles)
            for name, origin in origins.items()
        }
        for layer in self.slowest.layers.values():
            # The results of a whole image come as fast as its last pixel, and leave so too.
            if layer.leaves_as_it_comes:
                given, made = layer.node.inputs[0], layer.node.output
                for name, origin in origins.items():
                    if origin == made and channels[origin] % lanes[given] == 0:
                        lanes[name] = max(lanes[name], lanes[given])
        for layer in self.slowest.layers.values():
            if layer.paced_by_output_lanes:
                made = layer.node.output
                lanes[made] = self._fewest_output_lanes(
                    layer.node, lanes, channels[origins[made]], cycles
                )
        for state in self._graph.states:
            # As wide as what is kept and as who reads it: calls wait for each other here.
            readers = self._graph.consumers(state.tensor.name)
            beside = (state.assigned, *(node.output for node in readers))
            fitting = (
                lanes[name] for name in beside if channels[state.tensor.name] % lanes[name] == 0
            )
            lanes[state.tensor.name] = max([lanes[state.tensor.name], *fitting])
        return lanes

    def _fewest_lanes(self, tensor: Tensor, channels: int, cycles: int) -> int:
        divisors = [count for count in range(1, channels + 1) if channels % count == 0]
        readers = [
            layer.node
            for layer in self.slowest.layers.values()
            if layer.paced_by_lanes and tensor.name in layer.node.inputs
        ]

        def passes(lanes: int) -> bool:
            return tensor.elements <= lanes * cycles and all(
                self._cycles(node, tensor, lanes) <= cycles for node in readers
            )

        return next(filter(passes, divisors), channels)

    def _fewest_output_lanes(
        self, node: Node, lanes: dict[str, int], channels: int, cycles: int
    ) -> int:
        """Return the lanes with which a layer's output passes that has so many at its inputs."""
        wider = [
            count for count in range(lanes[node.output], channels + 1) if channels % count == 0
        ]

        def passes(count: int) -> bool:
            beside = {name: lanes[name] for name in node.inputs} | {node.output: count}
            layer = NetworkSpec(self._graph, lanes=beside).layer(node)
            return layer.cycles_per_image() <= cycles

        return next(filter(passes, wider), channels)

    def _cycles(self, node: Node, tensor: Tensor, lanes: int) -> int:
        """Return the cycles of a layer whose input has so many lanes."""
        if (node.output, lanes) not in self._known_cycles:
            layer = NetworkSpec(self._graph, lanes={tensor.name: lanes}).layer(node)
            self._known_cycles[node.output, lanes] = layer.cycles_per_image()
        return self._known_cycles[node.output, lanes]
