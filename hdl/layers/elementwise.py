"""Layers that compute each code from the codes at the same place."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.errors import UserError
from golden.graph import Tensor
from hdl.blocks.pipeline import FreePipeline
from hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from hdl.layers.beatwise import BeatwiseLayer
from hdl.layers.channel_requant import ChannelRequantizer, channel_requantizer_latency
from hdl.layers.codes import check_lanes, code_stream, resized
from hdl.layers.join import join

CHEAP_TABLE_WIDTH = 8
"""Bits of the codes up to which a table costs less than a multiplier."""


class Elementwise(BeatwiseLayer, ABC):
    """What the layers of this file share: inputs of one shape, accumulators, a requantizer.

    Parameters
    ----------
    node : AccumulatingNode
    tensors : sequence of Tensor
        What it reads.
    lanes : int
    name : str
    ports : sequence of str
        Names of the input streams.
    """

    def __init__(
        self,
        node: graph.AccumulatingNode,
        tensors: Sequence[Tensor],
        lanes: int,
        name: str,
        ports: Sequence[str],
    ) -> None:
        shape = tensors[0].shape
        if any(tensor.shape != shape for tensor in tensors):
            shapes = " and ".join(str(tensor.shape) for tensor in tensors)
            raise UserError(
                f"the inputs of {node.output!r} have shapes {shapes}; the circuit takes equal "
                "shapes, so repeat the smaller one in the network"
            )
        check_lanes(lanes, tensors[0].channels)
        self.node = node
        self.tensors = tuple(tensors)
        self.name = name
        inference = node.infer(*tensors)
        assert inference.accumulator is not None
        self.accumulator = inference.accumulator.type
        members = {
            port: In(code_stream(tensor.type, lanes))
            for port, tensor in zip(ports, tensors, strict=True)
        }
        self._ports = tuple(ports)
        super().__init__({**members, "o": Out(code_stream(inference.tensor.type, lanes))}, lanes)

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return self._stages + BUFFER_LATENCY

    @property
    def _stages(self) -> int:
        """Cycles of accumulation and requantizer."""
        return self._accumulation + channel_requantizer_latency(self.node.requantization, False)

    @property
    @abstractmethod
    def _accumulation(self) -> int:
        """Cycles that accumulators take."""

    def _inputs(self, m: Module) -> tuple[stream.Interface, list[stream.Interface]]:
        """Return the stream of beats that all inputs have, and the inputs themselves."""
        inputs = [getattr(self, port) for port in self._ports]
        return join(m, inputs), inputs

    def _accumulating(
        self, m: Module, platform: object, i: stream.Interface
    ) -> tuple[FreePipeline, ChannelRequantizer]:
        """Return a pipeline for accumulators, and a requantizer that is connected but for them.

        Codes go through a FIFO to the output of the layer, so that neither ever stalls.
        """
        accepted, results = buffered(m, i, self.o, self._stages)
        pipeline = FreePipeline(m, platform, accepted, self._accumulation)
        requantizer = ChannelRequantizer(
            self.node.requantization,
            self.accumulator,
            None,
            self.tensors[0].channels,
            self.lanes,
            self.name,
            stalls=False,
        )
        m.submodules.requantizer = requantizer
        m.d.comb += [
            requantizer.i.valid.eq(pipeline.valid[-1]),
            results.valid.eq(requantizer.o.valid),
            results.payload.eq(requantizer.o.payload),
        ]
        return pipeline, requantizer

    def _requantize(
        self, m: Module, requantizer: ChannelRequantizer, accumulators: Sequence[Value]
    ) -> None:
        """Connect accumulators that are valid with the requantizer's input."""
        m.d.comb += requantizer.i.payload.as_value().eq(
            Cat(resized(value, self.accumulator.width) for value in accumulators)
        )
