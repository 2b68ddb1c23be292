"""A whole network as one streaming circuit."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.graph import Concat, Constant, Node
from hdl.fork_depths import Dependence, branch_depths
from hdl.layers.build import build_layer
from hdl.layers.codes import code_stream
from hdl.layers.connection import connect
from hdl.layers.fifo import Fifo
from hdl.layers.fork import Fork
from hdl.layers.lanes import Lanes
from hdl.network_spec import NetworkSpec, is_wire, layer_name

_TURNS = 2
"""Turns of a concatenation's input that fit before it, so that the layer before can go on."""


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

    Images follow each other without a gap: the slowest layer sets the cycles between them. Streams
    part at tensors with several readers; the FIFO at the beginning of each branch is as deep as
    `hdl.fork_depths` finds it must be, so no pattern of stalls can block the network.
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
        """Elements of the FIFO at each edge of a tensor with several readers."""
        dependences = {
            edge: self._dependence(edge)
            for edges in self.edges.values()
            for edge in edges
            if edge.consumer is not None
        }
        depths: dict[Edge, int] = {}
        for edges in self.edges.values():
            branches = [edge for edge in edges if edge.consumer is not None]
            if len(branches) > 1:
                downstream = [each for edge, each in dependences.items() if edge not in branches]
                found = branch_depths([dependences[edge] for edge in branches], downstream)
                depths |= dict(zip(branches, found, strict=True))
        return depths

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

    def fifos(self, edge: Edge, lanes: int, wanted: int) -> dict[str, tuple[int, int]]:
        """Return lanes and depth of the FIFOs of an edge, by name, in the order of the stream.

        Parameters
        ----------
        edge : Edge
        lanes, wanted : int
            Elements of a beat where the edge begins, and where it ends.
        """
        channels = self.spec.graph.tensors[edge.tensor].channels
        fifos: dict[str, tuple[int, int]] = {}
        if self.depths.get(edge, 0):
            fifos[f"{self.place(edge)}_fifo"] = lanes, -(-self.depths[edge] // lanes)
        if self._joins_channels(edge):
            fifos[f"{self.place(edge)}_turns"] = wanted, _TURNS * channels // wanted
        return fifos

    def _connect_edge(self, m: Module, edge: Edge, source: Any, sink: Any) -> None:
        """Connect through a FIFO where one is needed, and through converters of lanes."""
        place, tensor = self.place(edge), self.spec.graph.tensors[edge.tensor]
        lanes, wanted = len(source.payload), len(sink.payload)
        fifos = {
            name: Fifo(tensor.type, *shape, self.spec.memories.get(name))
            for name, shape in self.fifos(edge, lanes, wanted).items()
        }
        fifo = fifos.get(f"{place}_fifo")
        if fifo is not None:
            m.submodules[f"{place}_fifo"] = fifo
            connect(m, source, fifo.i)
            source = fifo.o
        # By way of as many lanes as both sides divide: fewer would pass fewer than either.
        common = math.lcm(lanes, wanted)
        for step, count in enumerate(dict.fromkeys((common, wanted))):
            if count != len(source.payload):
                converter = Lanes(tensor.type, len(source.payload), count)
                m.submodules[f"{place}_lanes_{step}"] = converter
                connect(m, source, converter.i)
                source = converter.o
        fifo = fifos.get(f"{place}_turns")
        if fifo is not None:
            m.submodules[f"{place}_turns"] = fifo
            connect(m, source, fifo.i)
            source = fifo.o
        connect(m, source, sink)

    def _joins_channels(self, edge: Edge) -> bool:
        """Return whether an edge's channels take turns with others', pixel by pixel."""
        node, tensor = edge.consumer, self.spec.graph.tensors[edge.tensor]
        return isinstance(node, Concat) and node.axis == len(tensor.shape) - 1

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
