"""How many lanes the streams of a network have, for one rate after the other."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flows.network.devices import Budget
from flows.network.resources import Costs, other_cost, requantizer_cost
from golden.graph import Concat, Convolution, FullyConnected, Graph, Node, Pad, Tensor
from hdl.layers.build import Pool, build_layer, naming, pool_layer
from hdl.layers.folding import Folding
from hdl.network_spec import NetworkSpec, is_wire

_STEPS = 4
"""Levels for each doubling of the cycles."""


@dataclass(frozen=True, eq=False)
class Level:
    """Lanes of all tensors, and everything that follows from them.

    Attributes
    ----------
    rate : int
        Cycles within which every stream passes.
    lanes : mapping of str to int
        Elements of a beat of each tensor.
    cycles : mapping of str to int
        Of the layers without a matrix, by their output.
    costs : mapping of str to Costs
        Of the layers without a matrix, and of the requantizers of the others.
    """

    rate: int
    lanes: Mapping[str, int]
    cycles: Mapping[str, int]
    costs: Mapping[str, Costs]

    @cached_property
    def slowest(self) -> int:
        """Cycles of the slowest layer without a matrix."""
        return max(self.cycles.values(), default=0)

    @cached_property
    def fixed(self) -> Costs:
        """The sum of all costs."""
        return sum(self.costs.values(), Costs())


class Levels:
    """The fewest lanes with which streams pass within some cycles, for all rates of a series.

    Parameters
    ----------
    graph : Graph
    budget : Budget
    """

    def __init__(self, graph: Graph, budget: Budget) -> None:
        self._graph = graph
        self._budget = budget
        self._pools = [node for node in graph.nodes if isinstance(node, Pool)]
        self._pool_cycles: dict[tuple[str, int], int] = {}
        self._others: dict[tuple[Any, ...], tuple[int, Costs]] = {}
        self._known: dict[int, Level] = {}

    def within(self, cycles: int) -> Iterator[Level]:
        """Yield the levels with which every stream passes, those with fewest lanes first."""
        last: Mapping[str, int] = {}
        top = math.ceil(_STEPS * math.log2(max(tensor.elements for tensor in self._tensors)))
        first = min(math.floor(_STEPS * math.log2(cycles)), top + 2 * _STEPS)
        if round(2 ** (first / _STEPS)) > cycles:
            first -= 1
        for number in range(first, -1, -1):
            level = self._level(number)
            if level.lanes == last:
                continue
            last = level.lanes
            if level.slowest <= cycles:
                yield level

    @property
    def _tensors(self) -> list[Tensor]:
        return list(self._graph.tensors.values())

    def _level(self, number: int) -> Level:
        if number not in self._known:
            rate = round(2 ** (number / _STEPS))
            lanes = self._lanes(rate)
            before = [level for level in self._known.values() if level.lanes == lanes]
            level = replace(before[0], rate=rate) if before else self._with(rate, lanes)
            self._known[number] = level
        return self._known[number]

    def _with(self, rate: int, lanes: dict[str, int]) -> Level:
        graph = self._graph
        none = {
            node.output: Folding()
            for node in graph.nodes
            if isinstance(node, Convolution | FullyConnected)
        }
        spec = NetworkSpec(graph, none, lanes)
        costs: dict[str, Costs] = {}
        cycles: dict[str, int] = {}
        for node in graph.nodes:
            if is_wire(node):
                continue
            if isinstance(node, Convolution | FullyConnected):
                accumulator = graph.accumulators[node.output].type
                costs[node.output] = requantizer_cost(
                    node.requantization, accumulator, lanes[node.output]
                )
                continue
            cycles[node.output], costs[node.output] = self._other(node, spec)
        return Level(rate, lanes, cycles, costs)

    def _other(self, node: Node, spec: NetworkSpec) -> tuple[int, Costs]:
        """Return cycles and costs of a layer without a matrix."""
        key = node.output, *(spec.lanes_of(name) for name in (*node.inputs, node.output))
        if key not in self._others:
            circuit: Any = build_layer(node, spec)
            self._others[key] = circuit.cycles_per_image(), other_cost(circuit, self._budget)
        return self._others[key]

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
