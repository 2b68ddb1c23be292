"""What joins the layers of a network: which tensors go where, and what waits on the way."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittrue.golden.graph import Graph, Node
from bittrue.hdl.layers.registry import is_wire
from bittrue.hdl.network.fork_depths import Dependence, branch_depths
from bittrue.hdl.network.schedule import Reader, Schedule, Step
from bittrue.hdl.network.spec import NetworkSpec, layer_name

_SLACK = 2
"""Beats of a FIFO on top of what waits there, so that rounding costs nothing."""


@dataclass(frozen=True)
class Edge:
    """A tensor on its way to an input of a layer, or out of the network.

    Parameters
    ----------
    tensor : str
        As the layer that makes it calls it.
    consumer : Node or None
        The layer; None for an output of the network.
    port : int
        Which of its inputs, or of the network's outputs.
    """

    tensor: str
    consumer: Node | None
    port: int = 0

    def output(self, graph: Graph) -> str:
        """Return the tensor that leaves the network here, which may be a new shape of its own."""
        assert self.consumer is None
        return graph.outputs[self.port]


@dataclass(frozen=True)
class FifoShape:
    """A FIFO between layers.

    Parameters
    ----------
    name : str
        Of its circuit.
    lanes, depth : int
        Elements of a beat, and beats.
    """

    name: str
    lanes: int
    depth: int


def fifo_beats(elements: int, lanes: int) -> int:
    """Return the beats of a FIFO in which so many elements wait."""
    return -(-elements // lanes) + _SLACK


class Connections:
    """Everything between the layers of a network.

    Parameters
    ----------
    spec : NetworkSpec
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self._spec = spec
        self._graph = spec.graph

    @cached_property
    def edges(self) -> dict[str, list[Edge]]:
        """Everything that reads a tensor, by tensor; reshaped tensors are what they were."""
        edges: dict[str, list[Edge]] = {}
        for node in self._graph.nodes:
            if not is_wire(node):
                for port, name in enumerate(node.inputs):
                    tensor = self.origin(name)
                    edges.setdefault(tensor, []).append(Edge(tensor, node, port))
        for place, name in enumerate(self._graph.outputs):
            tensor = self.origin(name)
            edges.setdefault(tensor, []).append(Edge(tensor, None, place))
        return edges

    @cached_property
    def depths(self) -> dict[Edge, int]:
        """Elements of the FIFO at each edge that has one.

        That is every edge of a tensor with several readers, and every edge to a layer that takes
        its input in turns or with pauses, unless that can wait outside of the network.
        """
        depths: dict[Edge, int] = {}
        for edges in self.edges.values():
            readers = [edge for edge in edges if edge.consumer is not None]
            if len(edges) > 1:
                depths |= self._depths_of_branches(readers)
            for edge in readers:
                if len(edges) > 1 or (self._pauses(edge) and not self._waits_outside(edge)):
                    depths[edge] = max(depths.get(edge, 0), self._waiting(edge))
        return {edge: depth for edge, depth in depths.items() if depth}

    @cached_property
    def interval(self) -> int:
        """Cycles between images: those of the slowest layer, or of the slowest end."""
        ends = (tensor.name for tensor in (*self._spec.inputs, *self._spec.outputs))
        layers = self._spec.layers.values()
        return max(
            *(self._spec.beats_of(name) for name in ends),
            *(layer.cycles_per_image() for layer in layers),
        )

    @cached_property
    def schedule(self) -> Schedule:
        """When elements pass, at the pace of the slowest layer."""
        steps = [
            self._step(node) for node in self._graph.nodes if not is_wire(node) and node.inputs
        ]
        inputs = {tensor.name: tensor.elements for tensor in self._spec.inputs}
        return Schedule(self.interval, inputs, steps)

    def origin(self, name: str) -> str:
        """Return the tensor of which another is only a new shape."""
        producer = self._graph.producer(name)
        while producer is not None and is_wire(producer):
            name = producer.inputs[0]
            producer = self._graph.producer(name)
        return name

    @cached_property
    def places(self) -> dict[str, str]:
        """Names of the circuits that make each tensor."""
        names = {node.output: layer_name(self._graph, node) for node in self._graph.nodes}
        streams = self._spec.input_streams
        return names | {name: f"input{port.removeprefix('i')}" for name, port in streams.items()}

    def place(self, edge: Edge) -> str:
        """Return the name of an edge, with which those of its circuits begin."""
        names = self.places
        if edge.consumer is None:
            port = self._spec.output_streams[edge.output(self._graph)]
            return f"{names[edge.tensor]}_to_output{port.removeprefix('o')}"
        place = f"{names[edge.tensor]}_to_{names[edge.consumer.output]}"
        return f"{place}_{edge.port}" if edge.port else place

    def fifo(self, edge: Edge) -> FifoShape | None:
        """Return the FIFO of an edge, None if it has none."""
        if edge not in self.depths:
            return None
        lanes = self.lanes_at(edge)
        return FifoShape(self.fifo_name(edge), lanes, fifo_beats(self.depths[edge], lanes))

    def fifo_name(self, edge: Edge) -> str:
        """Return the name of the circuit of an edge's FIFO."""
        return f"{self.place(edge)}_fifo"

    @property
    def fifos(self) -> dict[Edge, FifoShape]:
        """Every FIFO, by its edge."""
        shapes = {edge: self.fifo(edge) for edges in self.edges.values() for edge in edges}
        return {edge: shape for edge, shape in shapes.items() if shape is not None}

    def lanes_from(self, tensor: str) -> int:
        """Return the elements of a beat of a tensor as it is made."""
        if tensor in self._spec.input_streams:
            return self._spec.lanes_of(tensor)
        return self._spec.layers[tensor].output_lanes

    def lanes_at(self, edge: Edge) -> int:
        """Return the elements of a beat where an edge ends."""
        if edge.consumer is None:
            return self._spec.lanes_of(edge.output(self._graph))
        return self._spec.layers[edge.consumer.output].input_lanes[edge.port]

    def _depths_of_branches(self, branches: list[Edge]) -> dict[Edge, int]:
        """Return the depths without which stalls could block the branches of a fork."""
        others = [
            self._dependence(edge)
            for edges in self.edges.values()
            for edge in edges
            if edge.consumer is not None and edge not in branches
        ]
        found = branch_depths([self._dependence(edge) for edge in branches], others)
        return dict(zip(branches, found, strict=True))

    def _endless(self, tensor: str) -> bool:
        """Return whether a tensor comes when it is wanted, as constants do."""
        producer = self._graph.producer(tensor)
        return producer is not None and not producer.inputs

    def _pauses(self, edge: Edge) -> bool:
        """Return whether a layer lets an input wait for other inputs, or for what it computes."""
        assert edge.consumer is not None
        return self._spec.layers[edge.consumer.output].pauses and not self._endless(edge.tensor)

    def _waits_outside(self, edge: Edge) -> bool:
        """Return whether images come fast enough to make up for the pauses of their only reader."""
        assert edge.consumer is not None
        if edge.tensor not in self._spec.input_streams:
            return False
        layer = self._spec.layers[edge.consumer.output]
        elements = self._graph.tensors[edge.tensor].elements
        pauses = layer.cycles_per_image() - elements // self.lanes_at(edge)
        return elements // self.lanes_from(edge.tensor) + pauses <= self.interval

    def _waiting(self, edge: Edge) -> int:
        """Return how many elements wait at an edge at most; constants come when they are wanted."""
        assert edge.consumer is not None
        if self._endless(edge.tensor):
            return 0
        return self.schedule.waiting(edge.consumer.output, edge.port)

    def _step(self, node: Node) -> Step:
        layer = self._spec.layers[node.output]
        elements = self._graph.tensors[node.output].elements
        needed = layer.inputs_needed(np.arange(elements))
        readers = {}
        for port, name in enumerate(node.inputs):
            tensor = self.origin(name)
            if self._endless(tensor):
                continue
            lanes = math.lcm(self.lanes_from(tensor), layer.input_lanes[port])
            needs = -(-needed[port] // lanes) * lanes
            readers[port] = Reader(tensor, needs, layer.taken_with(port, needs))
        together, spreads = layer.outputs_together, layer.spreads
        return Step(node.output, elements, layer.latency, together, spreads, readers)

    def _dependence(self, edge: Edge) -> Dependence:
        node = edge.consumer
        assert node is not None
        layer, port = self._spec.layers[node.output], edge.port
        return Dependence(
            source=edge.tensor,
            output=node.output,
            source_elements=self._graph.tensors[edge.tensor].elements,
            output_elements=self._graph.tensors[node.output].elements,
            needed=lambda places: layer.inputs_needed(places)[port],
            ahead=layer.outputs_ahead,
        )
