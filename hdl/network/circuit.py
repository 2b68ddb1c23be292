"""A whole network as one streaming circuit."""

import math
from functools import cached_property
from typing import Any

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.graph import State, Tensor
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.connection import connect
from bittrue.hdl.layers.parts.fifo import Fifo
from bittrue.hdl.layers.parts.fork import Fork
from bittrue.hdl.layers.parts.lanes import Lanes
from bittrue.hdl.network.connections import Connections, Edge, FifoShape
from bittrue.hdl.network.feedback import Feedback
from bittrue.hdl.network.spec import NetworkSpec, layer_name


class Network(wiring.Component):
    """A network: its layers work at once, each on its own part of an image or on its own image.

    Parameters
    ----------
    spec : NetworkSpec
        The graph, and how its layers are folded.

    Members
    -------
    i, or i_<tensor>, ... : In(code_stream(input type, input lanes))
        Images, in the model's layout: row by row, channels last. One stream for each input.
    o, or o_<tensor>, ... : Out(code_stream(output type, output lanes))
        The outputs, image after image. One stream for each output.
    tap_<layer> : Out
        With `taps`: everything that each layer passes on, valid in the cycle in which it does;
        ``ready`` is ignored. Constants are no layers here, nor in `stalls`.
    stalls : Out(data.StructLayout)
        With `stalls`: for each layer, by its name, whether an output of it waits in this cycle.

    Images follow each other without a gap: the slowest layer sets the cycles between them, which
    FIFOs of the depths that `hdl.network.schedule` finds see to. Streams part at tensors with
    several readers; the FIFO at the beginning of each branch is at least as deep as
    `hdl.network.fork_depths` finds it must be, so no pattern of stalls can block the network.

    Each input takes what the layers need, each output gives what there is: one that is not fed, or
    not taken, lets the others wait in the end, but none waits for another while all are served.

    A state goes from where it is made through a FIFO, which keeps it, to where the next call reads
    it. A reset restores the initial codes of all states.
    """

    def __init__(self, spec: NetworkSpec, taps: bool = False, stalls: bool = False) -> None:
        self.spec = spec
        self.connections = Connections(spec)
        members = {
            spec.input_streams[tensor.name]: In(self._codes(tensor)) for tensor in spec.inputs
        }
        members |= {
            spec.output_streams[tensor.name]: Out(self._codes(tensor)) for tensor in spec.outputs
        }
        self.taps = {f"tap_{name}": tensor for name, tensor in self._names().items() if taps}
        for name, tensor in self.taps.items():
            members[name] = Out(spec.layers[tensor].ports["o"].signature)
        self._watched = self._names() if stalls else {}
        if stalls:
            members["stalls"] = Out(data.StructLayout(dict.fromkeys(self._watched, 1)))
        super().__init__(members)

    @cached_property
    def layers(self) -> dict[str, Layer[LayerSpec]]:
        """The circuits of the layers, by their outputs."""
        nodes = {node.output: node for node in self.spec.graph.nodes}
        return {
            output: layer.build(self.spec.rom_name(nodes[output]))
            for output, layer in self.spec.layers.items()
        }

    def _codes(self, tensor: Tensor) -> stream.Signature:
        return code_stream(tensor.type, self.spec.lanes_of(tensor.name))

    def _names(self) -> dict[str, str]:
        """Return the names of the layers, each with the tensor it makes; constants make none."""
        graph = self.spec.graph
        return {
            layer_name(graph, node): node.output
            for node in graph.nodes
            if node.output in self.spec.layers and node.inputs
        }

    def elaborate(self, platform: object) -> Module:
        """Instantiate every layer and connect them."""
        m = Module()
        graph = self.spec.graph
        names = self.connections.places
        states = [self._feedback(state) for state in graph.states]
        for tensor, layer in self.layers.items():
            m.submodules[names[tensor]] = layer
        given = {name: getattr(self, port) for name, port in self.spec.input_streams.items()}
        for state, feedback in zip(graph.states, states, strict=True):
            m.submodules[names[state.tensor.name]] = feedback
            given[state.tensor.name] = feedback.o
        for tensor, edges in self.connections.edges.items():
            source = given[tensor] if tensor in given else self.layers[tensor].o
            branches = [source]
            if len(edges) > 1:
                fork = Fork(graph.tensors[tensor].type, len(source.payload), len(edges))
                m.submodules[f"{names[tensor]}_fork"] = fork
                connect(m, source, fork.i)
                branches = [getattr(fork, f"o{index}") for index in range(len(edges))]
            for edge, branch in zip(edges, branches, strict=True):
                if edge.state is not None:
                    sink = states[edge.state].i
                elif edge.consumer is None:
                    sink = getattr(self, self.spec.output_streams[edge.output(graph)])
                else:
                    sink = self.layers[edge.consumer.output].inputs[edge.port]
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

    def _feedback(self, state: State) -> Feedback:
        tensor, spec = state.tensor.name, self.spec
        name = f"{spec.prefix}{self.connections.places[tensor]}"
        return Feedback(state, spec.lanes_of(tensor), spec.call_interval, name)

    def _connect_edge(self, m: Module, edge: Edge, source: Any, sink: Any) -> None:
        """Connect through a FIFO where one is needed, and through converters of lanes."""
        shape = self.connections.fifo(edge)
        if shape is not None and shape.before_lanes:
            source = self._through_fifo(m, edge, shape, source)
        source = self._through_lanes(m, edge, source, len(sink.payload))
        if shape is not None and not shape.before_lanes:
            source = self._through_fifo(m, edge, shape, source)
        connect(m, source, sink)

    def _through_lanes(self, m: Module, edge: Edge, source: Any, wanted: int) -> Any:
        """Return a stream as one of other lanes."""
        place, tensor = self.connections.place(edge), self.spec.graph.tensors[edge.tensor]
        # By way of as many lanes as both sides divide: fewer would pass fewer than either.
        common = math.lcm(len(source.payload), wanted)
        for step, count in enumerate(dict.fromkeys((common, wanted))):
            if count != len(source.payload):
                converter = Lanes(tensor.type, len(source.payload), count)
                m.submodules[f"{place}_lanes_{step}"] = converter
                connect(m, source, converter.i)
                source = converter.o
        return source

    def _through_fifo(self, m: Module, edge: Edge, shape: FifoShape, source: Any) -> Any:
        """Return a stream behind a FIFO."""
        tensor, memory = self.spec.graph.tensors[edge.tensor], self.spec.memories.get(shape.name)
        fifo = Fifo(tensor.type, shape.lanes, shape.depth, memory)
        m.submodules[shape.name] = fifo
        connect(m, source, fifo.i)
        return fifo.o
