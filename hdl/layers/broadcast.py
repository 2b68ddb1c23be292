"""Short operands repeated to the size of an image."""

import math

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.errors import UserError
from golden.graph import Tensor
from golden.numbers.arrays import Int64
from hdl.blocks.pipeline import Pipeline
from hdl.blocks.ram import Ram
from hdl.layers.parts.codes import check_lanes, code_stream
from hdl.layers.parts.position import Position


class Broadcast(wiring.Component):
    """Keep blocks of codes, and send each several times: a number for each channel at every pixel.

    A block is what lies behind the dimensions that are repeated. One is received while the one
    before it is sent.

    Parameters
    ----------
    node : golden.graph.Broadcast
        The shape; its dimensions that are repeated follow each other, but for those of size 1.
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat of the output, a divisor of its channels. The input has as many, or one
        where its only channel is repeated.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 3 cycles from the last beat of a block, one beat per cycle out.
    """

    latency = 3
    pauses = True

    def __init__(self, node: graph.Broadcast, tensor: Tensor, lanes: int) -> None:
        output = node.infer(tensor).tensor
        check_lanes(lanes, output.channels)
        aligned = (*(1,) * (len(node.shape) - len(tensor.shape)), *tensor.shape)
        first, end = repeated_run(aligned, node.shape)
        self.node = node
        self.tensors = (tensor,)
        self._block = math.prod(node.shape[end:])
        self._repeated = self._block * math.prod(node.shape[first:end])
        self._elements = output.elements
        self._lanes_out = lanes
        self.lanes = lanes if self._block % lanes == 0 else 1  # Of the input.
        super().__init__(
            {
                "i": In(code_stream(tensor.type, self.lanes)),
                "o": Out(code_stream(tensor.type, lanes)),
            }
        )

    @property
    def memory_shape(self) -> tuple[int, int]:
        """Bits of a beat of the input, and beats that are kept."""
        return len(self.i.payload.as_value()), 2 * self._beats

    @property
    def _beats(self) -> int:
        """Of a block."""
        return self._block // self.lanes

    @property
    def _times(self) -> int:
        """How often the beats of a block are sent."""
        return self._repeated // self._lanes_out // self._beats

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the output."""
        return self._elements // self._lanes_out

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        return (outputs // self._repeated + 1) * self._block

    def taken_with(self) -> Int64:
        """Return before which output's turn each element of the input is taken at the latest.

        Outputs of the image before are negative. A block is taken while the one before it is sent.
        """
        block, place = np.divmod(np.arange(self.tensors[0].elements), self._block)
        beat = np.minimum(place // self.lanes + 1, self._beats * self._times)
        return (block - 1) * self._repeated + beat * self._lanes_out

    def elaborate(self, platform: object) -> Module:
        """Write a block beside the one that is read, again and again."""
        m = Module()
        m.submodules.blocks = memory = Ram(self.memory_shape[0], 1, self.memory_shape[1])
        request = stream.Signature(0).create(path=("request",))
        pipeline = Pipeline(m, platform, request, self.o, 2)
        kept = Signal(range(3), name="blocks_kept")
        writes = self.i.valid & self.i.ready
        reads = request.valid & request.ready
        free = Position(m, "free", [2, self._beats], writes)
        sent = Position(m, "sent", [2, self._times, self._beats], reads)
        arrived, left = writes & free.ends[1], reads & sent.ends[1]
        with m.If(arrived != left):
            m.d.sync += kept.eq(Mux(arrived, kept + 1, kept - 1))
        beat = pipeline.register("beat", memory.data)
        m.d.comb += [
            self.i.ready.eq(kept != 2),
            request.valid.eq(kept != 0),
            memory.write.eq(writes),
            memory.write_address.eq(self._address(free.index[0], free.index[1])),
            memory.write_data.eq(self.i.payload),
            memory.enable.eq(pipeline.advance),
            memory.address.eq(self._address(sent.index[0], sent.index[2])),
            self.o.payload.as_value().eq(beat.replicate(self._lanes_out // self.lanes)),
        ]
        return m

    def _address(self, block: Value, beat: Value) -> Value:
        return Mux(block, self._beats, 0) + beat


def repeated_run(aligned: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the first of the dimensions along which a tensor is repeated, and the end of them.

    Raises
    ------
    UserError
        If dimensions that are not repeated lie between them.
    """
    repeated = [axis for axis, size in enumerate(shape) if aligned[axis] != size]
    if not repeated:
        return 0, 0
    first, end = repeated[0], repeated[-1] + 1
    if any(size > 1 for size in aligned[first:end]):
        raise UserError(
            f"{aligned} is repeated to {shape}; the circuit takes dimensions that follow each "
            "other, so repeat along the others before"
        )
    return first, end
