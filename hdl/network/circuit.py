"""A whole network as one streaming circuit."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.graph import Constant, Node
from hdl.layers.parts.codes import code_stream
from hdl.layers.parts.connection import connect
from hdl.layers.parts.fifo import Fifo
from hdl.layers.parts.fork import Fork
from hdl.layers.parts.lanes import Lanes
from hdl.network.fork_depths import Dependence, branch_depths
from hdl.network.layers import build_layer
from hdl.network.schedule import Reader, Schedule, Step, taken_with
from hdl.network.spec import NetworkSpec, is_wire, layer_name

_SLACK = 2
"""Beats of a FIFO on top of what waits there, so that rounding costs nothing."""


@dataclass(frozen=True)
class Edge:
    """A tensor on its way to an input of a layer.

    Parameters
    ----------
    tensor : str
        As the layer that makes it calls it.
    consumer : Node or None
        The layer; None for the output of the network.
    port : int
        Which of its inputs.
    """

    tensor: str
    consumer: Node | None
    port: int = 0


class Network(wiring.Component):
    """A network: its layers work at once, each on its own part of an image or on its own image.

    Parameters
    ----------
    spec : NetworkSpec
        The graph, and how its layers are folded.

    Members
    -------
    i : In(code_stream(input type, input lanes))
        Images, in the model's layout: row by row, channels last.
    o : Out(code_stream(output type, output lanes))
        The outputs, image after image.
    tap_<layer> : Out
        With `taps`: everything that each layer passes on, valid in the cycle in which it does;
        ``ready`` is ignored. Constants are no layers here, nor in `stalls`.
    stalls : Out(data.StructLayout)
        With `stalls`: for each layer, by its name, whether an output of it waits in this cycle.

    Images follow each other without a gap: the slowest layer sets the cycles between them, which
    FIFOs of the depths that `hdl.network.schedule` finds see to. Streams part at tensors with
    several readers; the FIFO at the beginning of each branch is at least as deep as
    `hdl.network.fork_depths` finds it must be, so no pattern of stalls can block the network.
    """

    def __init__(self, spec: NetworkSpec, taps: bool = False, stalls: bool = False) -> None:
        self.spec = spec
        self.layers: dict[str, wiring.Component] = {
            node.output: build_layer(node, spec) for node in spec.graph.nodes if not is_wire(node)
        }
        members = {
            "i": In(code_stream(spec.input.type, spec.lanes_of(spec.input.name))),
            "o": Out(code_stream(spec.output.type, spec.lanes_of(spec.output.name))),
        }
        self.taps = {f"tap_{name}": tensor for name, tensor in self._names().items() if taps}
        for name, tensor in self.taps.items():
            members[name] = Out(self.layers[tensor].o.signature)
        self._watched = self._names() if stalls else {}
        if stalls:
            members["stalls"] = Out(data.StructLayout(dict.fromkeys(self._watched, 1)))
        super().__init__(members)

    def _names(self) -> dict[str, str]:
        """Return the names of the layers, each with the tensor it makes; constants make none."""
        graph = self.spec.graph
        return {
            layer_name(graph, node): node.output
            for node in graph.nodes
            if node.output in self.layers and not isinstance(node, Constant)
        }

    @cached_property
    def edges(self) -> dict[str, list[Edge]]:
        """Everything that reads a tensor, by tensor; reshaped tensors are what they were."""
        graph = self.spec.graph
        edges: dict[str, list[Edge]] = {}
        for node in graph.nodes:
            if not is_wire(node):
                for port, name in enumerate(node.inputs):
                    tensor = self.origin(name)
                    edges.setdefault(tensor, []).append(Edge(tensor, node, port))
        for name in graph.outputs:
            tensor = self.origin(name)
            edges.setdefault(tensor, []).append(Edge(tensor, None))
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

    def _pauses(self, edge: Edge) -> bool:
        """Return whether a layer lets an input wait for other inputs, or for what it computes."""
        assert edge.consumer is not None
        layer = self.layers[edge.consumer.output]
        constant = isinstance(self.spec.graph.producer(edge.tensor), Constant)
        return getattr(layer, "pauses", False) and not constant

    def _waits_outside(self, edge: Edge) -> bool:
        """Return whether images come fast enough to make up for the pauses of their only reader."""
        assert edge.consumer is not None
        if edge.tensor != self.spec.input.name:
            return False
        layer: Any = self.layers[edge.consumer.output]
        elements = self.spec.input.elements
        pauses = layer.cycles_per_image() - elements // len(_inputs(layer)[edge.port].payload)
        return bool(elements // len(self.i.payload) + pauses <= self.interval)

    def _waiting(self, edge: Edge) -> int:
        """Return how many elements wait at an edge at most; constants come when they are wanted."""
        assert edge.consumer is not None
        if isinstance(self.spec.graph.producer(edge.tensor), Constant):
            return 0
        return self.schedule.waiting(edge.consumer.output, edge.port)

    @cached_property
    def interval(self) -> int:
        """Cycles between images: those of the slowest layer."""
        layers: dict[str, Any] = self.layers
        return max(layer.cycles_per_image() for layer in layers.values())

    @cached_property
    def schedule(self) -> Schedule:
        """When elements pass, at the pace of the slowest layer."""
        source = self.spec.input
        steps = [
            self._step(node)
            for node in self.spec.graph.nodes
            if not is_wire(node) and not isinstance(node, Constant)
        ]
        return Schedule(self.interval, {source.name: source.elements}, steps)

    def _step(self, node: Node) -> Step:
        graph = self.spec.graph
        layer: Any = self.layers[node.output]
        elements = graph.tensors[node.output].elements
        needed = layer.inputs_needed(np.arange(elements))
        readers = {}
        for port, name in enumerate(node.inputs):
            tensor = self.origin(name)
            if isinstance(graph.producer(tensor), Constant):
                continue
            lanes = math.lcm(self._lanes_from(tensor), len(_inputs(layer)[port].payload))
            needs = -(-needed_of_input(needed, port) // lanes) * lanes
            given = graph.tensors[tensor].elements
            keeps = hasattr(layer, "taken_with")
            taken = layer.taken_with() if keeps else taken_with(needs, given)
            readers[port] = Reader(tensor, needs, taken)
        together = getattr(layer, "outputs_together", len(layer.o.payload))
        spread = getattr(layer, "spreads", True)
        return Step(node.output, elements, layer.latency, together, spread, readers)

    def _lanes_from(self, tensor: str) -> int:
        return len((self.i if tensor == self.spec.input.name else self.layers[tensor].o).payload)

    def origin(self, name: str) -> str:
        """Return the tensor of which another is only a new shape."""
        producer = self.spec.graph.producer(name)
        while producer is not None and is_wire(producer):
            name = producer.inputs[0]
            producer = self.spec.graph.producer(name)
        return name

    def elaborate(self, platform: object) -> Module:
        """Instantiate every layer and connect them."""
        m = Module()
        graph = self.spec.graph
        names = self._places
        for tensor, layer in self.layers.items():
            m.submodules[names[tensor]] = layer
        for tensor, edges in self.edges.items():
            source = self.i if tensor == self.spec.input.name else self.layers[tensor].o
            branches = [source]
            if len(edges) > 1:
                fork = Fork(graph.tensors[tensor].type, len(source.payload), len(edges))
                m.submodules[f"{names[tensor]}_fork"] = fork
                connect(m, source, fork.i)
                branches = [getattr(fork, f"o{index}") for index in range(len(edges))]
            for edge, branch in zip(edges, branches, strict=True):
                sink = self.o
                if edge.consumer is not None:
                    sink = _inputs(self.layers[edge.consumer.output])[edge.port]
                self._connect_edge(m, edge, branch, sink)
        for name, tensor in self.taps.items():
            tap, source = getattr(self, name), self.layers[tensor].o
            m.d.comb += [
                tap.valid.eq(source.valid & source.ready),
                tap.payload.eq(source.payload),
            ]
        for name, tensor in self._watched.items():
            source = self.layers[tensor].o
            m.d.comb += self.stalls[name].eq(source.valid & ~source.ready)
        return m

    @cached_property
    def _places(self) -> dict[str, str]:
        """Names of the circuits that make each tensor."""
        graph = self.spec.graph
        names = {node.output: layer_name(graph, node) for node in graph.nodes}
        return names | {self.spec.input.name: "input"}

    def place(self, edge: Edge) -> str:
        """Return the name of an edge, with which those of its circuits begin."""
        names = self._places
        if edge.consumer is None:
            return f"{names[edge.tensor]}_to_output"
        place = f"{names[edge.tensor]}_to_{names[edge.consumer.output]}"
        return f"{place}_{edge.port}" if edge.port else place

    def fifos(self, edge: Edge, lanes: int) -> dict[str, tuple[int, int]]:
        """Return lanes and depth of the FIFO of an edge, if it has one, by its name.

        Parameters
        ----------
        edge : Edge
        lanes : int
            Elements of a beat where the edge ends.
        """
        if edge not in self.depths:
            return {}
        return {f"{self.place(edge)}_fifo": (lanes, -(-self.depths[edge] // lanes) + _SLACK)}

    def _connect_edge(self, m: Module, edge: Edge, source: Any, sink: Any) -> None:
        """Connect through a FIFO where one is needed, and through converters of lanes."""
        place, tensor = self.place(edge), self.spec.graph.tensors[edge.tensor]
        wanted = len(sink.payload)
        # By way of as many lanes as both sides divide: fewer would pass fewer than either.
        common = math.lcm(len(source.payload), wanted)
        for step, count in enumerate(dict.fromkeys((common, wanted))):
            if count != len(source.payload):
                converter = Lanes(tensor.type, len(source.payload), count)
                m.submodules[f"{place}_lanes_{step}"] = converter
                connect(m, source, converter.i)
                source = converter.o
        for name, shape in self.fifos(edge, wanted).items():
            fifo = Fifo(tensor.type, *shape, self.spec.memories.get(name))
            m.submodules[name] = fifo
            connect(m, source, fifo.i)
            source = fifo.o
        connect(m, source, sink)

    def _dependence(self, edge: Edge) -> Dependence:
        node = edge.consumer
        assert node is not None
        graph = self.spec.graph
        layer: Any = self.layers[node.output]
        return Dependence(
            source=edge.tensor,
            output=node.output,
            source_elements=graph.tensors[edge.tensor].elements,
            output_elements=graph.tensors[node.output].elements,
            needed=lambda places: needed_of_input(layer.inputs_needed(places), edge.port),
            ahead=getattr(layer, "outputs_ahead", 0),
        )


def _inputs(layer: Any) -> list[Any]:
    """Return the input streams of a layer in order: ``i``, or ``i0``, ``i1``, ... ``i10``."""
    names = [name for name, member in layer.signature.members.items() if member.flow == In]
    return [getattr(layer, name) for name in sorted(names, key=lambda name: (len(name), name))]


def needed_of_input(needed: Any, port: int) -> Any:
    """Return what is needed of one input; layers that need the same of all say it once."""
    return needed[port] if isinstance(needed, tuple) else needed
