"""What joins the layers of a network: which tensors go where, and what waits on the way."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from bittrue.golden.graph import Graph, Node
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.registry import is_wire
from bittrue.hdl.network.fork_depths import Dependence, branch_depths, elements_needed
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
    state : int or None
        Which of the network's states the tensor becomes; None for all other edges.
    """

    tensor: str
    consumer: Node | None
    port: int = 0
    state: int | None = None

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
    before_lanes : bool
        Whether it stands in front of what changes the lanes, with those of what is made.
    """

    name: str
    lanes: int
    depth: int
    before_lanes: bool = False


def state_name(number: int) -> str:
    """Return the name of the circuit of a state, by its number among those of the graph."""
    return f"state_{number}"


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
        for number, state in enumerate(self._graph.states):
            tensor = self.origin(state.assigned)
            edges.setdefault(tensor, []).append(Edge(tensor, None, state=number))
        return edges

    @cached_property
    def depths(self) -> dict[Edge, int]:
        """Elements of the FIFO at each edge that has one.

        That is every edge of a tensor with several readers, and every edge to a layer that takes
        its input in turns or with pauses, unless that can wait outside of the network; every edge
        from a layer that leaves out more than its reader's pace makes up for; and every edge to a
        state, whose FIFO keeps it until the next call.
        """
        depths: dict[Edge, int] = {}
        for edges in self.edges.values():
            readers = [edge for edge in edges if edge.consumer is not None]
            if len(edges) > 1:
                depths |= self._depths_of_branches(readers)
            for edge in readers:
                if len(edges) > 1 or (self._pauses(edge) and not self._waits_outside(edge)):
                    depths[edge] = max(depths.get(edge, 0), self._waiting(edge))
                depths[edge] = max(depths.get(edge, 0), self._bursts.get(edge, 0))
            depths |= {edge: self._kept(edge) for edge in edges if edge.state is not None}
        return {edge: depth for edge, depth in depths.items() if depth}

    @cached_property
    def _bursts(self) -> dict[Edge, int]:
        """Elements that wait at edges because they come in bursts, where that is beyond a beat.

        What a layer leaves out takes time to come, too; a reader that takes longer for what is
        passed on has that time only if the layer need not wait for it.
        """
        bursts: dict[Edge, int] = {}
        for edge in (edge for edges in self.edges.values() for edge in edges):
            layer = self._spec.layers.get(edge.tensor)
            if layer is None or not layer.comes_in_bursts or edge.consumer is None:
                continue
            lanes = self.lanes_at(edge)
            if lanes < layer.output_lanes:
                wait = self.schedule.bursting(edge.tensor, lanes)
                if wait > layer.output_lanes:
                    bursts[edge] = wait
        return bursts

    @cached_property
    def interval(self) -> int:
        """Cycles between images: of the slowest layer or end, or of states that take longer."""
        ends = (tensor.name for tensor in (*self._spec.inputs, *self._spec.outputs))
        layers = self._spec.layers.values()
        return max(
            self._spec.call_interval,
            *(self._spec.beats_of(name) for name in ends),
            *(layer.cycles_per_image() for layer in layers),
        )

    @cached_property
    def schedule(self) -> Schedule:
        """When elements pass, at the pace of the slowest layer."""
        steps = [
            self._step(node) for node in self._graph.nodes if not is_wire(node) and node.inputs
        ]
        states = (state.tensor for state in self._graph.states)
        given = {tensor.name: tensor.elements for tensor in (*self._spec.inputs, *states)}
        return Schedule(self.interval, given, steps, set(map(self.origin, self._graph.outputs)))

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
        states = self._graph.states
        names |= {state.tensor.name: state_name(number) for number, state in enumerate(states)}
        streams = self._spec.input_streams
        return names | {name: f"input{port.removeprefix('i')}" for name, port in streams.items()}

    def place(self, edge: Edge) -> str:
        """Return the name of an edge, with which those of its circuits begin."""
        names = self.places
        if edge.state is not None:
            return f"{names[edge.tensor]}_to_{state_name(edge.state)}"
        if edge.consumer is None:
            port = self._spec.output_streams[edge.output(self._graph)]
            return f"{names[edge.tensor]}_to_output{port.removeprefix('o')}"
        place = f"{names[edge.tensor]}_to_{names[edge.consumer.output]}"
        return f"{place}_{edge.port}" if edge.port else place

    def fifo(self, edge: Edge) -> FifoShape | None:
        """Return the FIFO of an edge, None if it has none."""
        if edge not in self.depths:
            return None
        # A burst has to leave its layer as fast as it comes.
        before_lanes = edge in self._bursts
        lanes = self.lanes_from(edge.tensor) if before_lanes else self.lanes_at(edge)
        beats = fifo_beats(self.depths[edge], lanes)
        return FifoShape(self.fifo_name(edge), lanes, beats, before_lanes)

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
        if tensor in self._spec.layers:
            return self._spec.layers[tensor].output_lanes
        return self._spec.lanes_of(tensor)

    def lanes_at(self, edge: Edge) -> int:
        """Return the elements of a beat where an edge ends."""
        if edge.state is not None:
            return self._spec.lanes_of(self._graph.states[edge.state].tensor.name)
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

    def _is_kept(self, tensor: str) -> bool:
        """Return whether a tensor has been kept since the call before, for one reader."""
        states = (state.tensor.name for state in self._graph.states)
        return tensor in states and len(self.edges[tensor]) == 1

    def _pauses(self, edge: Edge) -> bool:
        """Return whether a layer lets an input wait for other inputs, or for what it computes."""
        assert edge.consumer is not None
        waits_elsewhere = self._endless(edge.tensor) or self._is_kept(edge.tensor)
        return self._spec.layers[edge.consumer.output].pauses and not waits_elsewhere

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

    def _kept(self, edge: Edge) -> int:
        """Return how many elements a state must be able to keep: those of a call, and what comes.

        What a call makes is taken before it reads what the call before made, where nothing makes it
        wait for that. With that much room it never waits within a call, so the network cannot
        block; and for the pace, there is room for what comes earlier by the schedule.
        """
        assert edge.state is not None
        state = self._graph.states[edge.state]
        places = np.arange(state.tensor.elements)
        readers = [each for each in self.edges[state.tensor.name] if each.consumer is not None]
        others = [
            self._dependence(each)
            for edges in self.edges.values()
            for each in edges
            if each.consumer is not None and each not in readers
        ]
        read = np.zeros_like(places)
        for need in elements_needed([self._dependence(each) for each in readers], others):
            if edge.tensor in need:
                read = np.maximum(read, need[edge.tensor](places))
        ahead = int((places + 1 - read).max())
        for reader in readers:
            assert reader.consumer is not None
            output = reader.consumer.output
            ahead = max(ahead, self.schedule.ahead(output, reader.port, edge.tensor))
        return len(places) + max(ahead, 0)

    def _step(self, node: Node) -> Step:
        layer = self._spec.layers[node.output]
        elements = self._graph.tensors[node.output].elements
        readers = {}
        for port, name in enumerate(node.inputs):
            tensor = self.origin(name)
            if not self._endless(tensor):
                lanes = math.lcm(self.lanes_from(tensor), layer.input_lanes[port])
                needed = partial(_needed_in_beats, layer, port, lanes)
                taken = partial(_taken_with, layer, port, needed, elements)
                readers[port] = Reader(tensor, needed, taken)
        together, spreads = layer.outputs_together, not layer.comes_in_bursts
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


def _needed_in_beats(layer: LayerSpec, port: int, lanes: int, places: Int64) -> Int64:
    """Return how many elements of an input outputs need, in whole beats."""
    return -(-layer.inputs_needed(places)[port] // lanes) * lanes


def _taken_with(
    layer: LayerSpec, port: int, needed: Callable[[Int64], Int64], elements: int
) -> Int64:
    """Return before which output's turn each element of an input is taken."""
    return layer.taken_with(port, needed(np.arange(elements)))
