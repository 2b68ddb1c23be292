# amaranth: UnusedElaboratable=no
# Planning asks circuits for their cycles and resources, and throws them away.
"""The streams between the layers of a network, as far as no device matters to them."""

import itertools
import math
from functools import cached_property

from golden.graph import Concat, Convolution, Graph, MatrixNode, Pad, Tensor
from hdl.layers.parts.folding import Folding
from hdl.network.circuit import Network
from hdl.network.layers import Pool, naming, pool_layer
from hdl.network.spec import NetworkSpec, is_wire

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
        self._pools = [node for node in graph.nodes if isinstance(node, Pool)]
        self._pool_cycles: dict[tuple[str, int], int] = {}

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
    def any_foldings(self) -> dict[str, Folding]:
        """Foldings of which nothing is asked but that they are some."""
        foldings = {}
        for node in self._graph.nodes:
            if isinstance(node, MatrixNode):
                depthwise = isinstance(node, Convolution) and node.depthwise
                channels = self._graph.tensors[node.inputs[0]].channels
                each = len(node.weight) // channels if depthwise else 1
                foldings[node.output] = Folding(outputs=each)
        return foldings

    @cached_property
    def network(self) -> Network:
        """The network with any folding: its FIFOs are those of every folding."""
        return Network(NetworkSpec(self._graph, self.any_foldings))

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
        for node in self._graph.nodes:
            if isinstance(node, Concat | Pad):
                # Blocks of one tensor or of a border follow each other in whole beats.
                whole = [self._graph.tensors[name].channels for name in node.inputs]
                whole += node.padding[-1] if isinstance(node, Pad) else ()
                for name in (*node.inputs, node.output):
                    channels[origins[name]] = math.gcd(channels[origins[name]], *whole)
        lanes = {
            name: self._fewest_lanes(self._graph.tensors[name], channels[origin], cycles)
            for name, origin in origins.items()
        }
        for node in self._pools:
            # The results of a whole image come as fast as its last pixel, and leave so too.
            given = self._graph.tensors[node.inputs[0]]
            if self._graph.tensors[node.output].elements == given.channels:
                for name, origin in origins.items():
                    if origin == node.output and channels[origin] % lanes[given.name] == 0:
                        lanes[name] = max(lanes[name], lanes[given.name])
        return lanes

    def _fewest_lanes(self, tensor: Tensor, channels: int, cycles: int) -> int:
        divisors = [count for count in range(1, channels + 1) if channels % count == 0]
        pools = [node for node in self._pools if node.inputs[0] == tensor.name]

        def passes(lanes: int) -> bool:
            return tensor.elements <= lanes * cycles and all(
                self._cycles_of_pool(node, tensor, lanes) <= cycles for node in pools
            )

        return next(filter(passes, divisors), channels)

    def _cycles_of_pool(self, node: Pool, tensor: Tensor, lanes: int) -> int:
        if (node.output, lanes) not in self._pool_cycles:
            with naming(self._graph, node):
                cycles = pool_layer(node, tensor, lanes).cycles_per_image()
            self._pool_cycles[node.output, lanes] = cycles
        return self._pool_cycles[node.output, lanes]
