"""Sums and means over whole images."""

import math
from functools import cached_property

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.errors import UserError
from golden.graph import Encoding, Requantization, Tensor
from golden.lowering.certify import certified_average
from hdl.blocks.pipeline import FreePipeline
from hdl.blocks.ram import Ram
from hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from hdl.blocks.shapes import shape_of
from hdl.layers.channel_requant import ChannelRequantizer, channel_requantizer_latency
from hdl.layers.codes import Int64, check_lanes, code_stream, elements_through_beat, resized
from hdl.layers.position import Position


class GlobalPool(wiring.Component):
    """Sum each channel over an image and scale the sum.

        o[c] = requantize(sum over the pixels of value(i[pixel, c]))

    Parameters
    ----------
    node : golden.graph.Mean, SumPool or AveragePool
        Over all dimensions but the channels. The division of an average is a certificate.
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i : In(stream)
        Codes.
    o : Out(stream)
        One code for each channel of an image.

    Latency `latency` cycles from the last pixel's beats, one beat per cycle in; images follow each
    other without a gap. Nothing inside ever stalls: while codes wait in the FIFO at the end, beats
    are accepted as long as it has room for all that are under way. The sums are in a memory; a sum
    is written back before the same channel comes again, and with all channels in one beat it stays
    in a register.
    """

    spreads = False

    def __init__(
        self,
        node: graph.Mean | graph.SumPool | graph.AveragePool,
        tensor: Tensor,
        lanes: int,
        name: str = "pool",
    ) -> None:
        check_lanes(lanes, tensor.channels)
        _check_whole_image(node, tensor)
        self.node = node
        self.tensors = (tensor,)
        self.lanes = lanes
        self.name = name
        self.pixels = tensor.elements // tensor.channels
        inference = node.infer(tensor)
        assert inference.accumulator is not None
        self.accumulator = inference.accumulator.type
        self.encoding = Encoding() if isinstance(node, graph.AveragePool) else node.encoding
        super().__init__(
            {
                "i": In(code_stream(tensor.type, lanes)),
                "o": Out(code_stream(inference.tensor.type, lanes)),
            }
        )

    @cached_property
    def requantization(self) -> Requantization | None:
        """What becomes of the sums; the division of an average is a certificate."""
        node = self.node
        if isinstance(node, graph.AveragePool):
            kind = self.tensors[0].type
            return certified_average(self.pixels, kind, node.minimum, node.maximum)
        return node.requantization

    @property
    def latency(self) -> int:
        """Cycles from a beat of the last pixel to its codes."""
        return 2 + channel_requantizer_latency(self.requantization, False) + BUFFER_LATENCY

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the input."""
        return self.tensors[0].elements // self.lanes

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        before = (self.pixels - 1) * self.tensors[0].channels
        return before + elements_through_beat(outputs // self.lanes, self.lanes)

    def elaborate(self, platform: object) -> Module:
        """Read a sum, add, and write it back; the last pixel's sums leave."""
        m = Module()
        m.submodules.requantizer = requantizer = ChannelRequantizer(
            self.requantization,
            self.accumulator,
            None,
            self.tensors[0].channels,
            self.lanes,
            self.name,
            stalls=False,
        )
        groups = self.tensors[0].channels // self.lanes
        last = Signal(name="is_last_pixel")
        beat, results = buffered(m, self.i, self.o, self.latency - BUFFER_LATENCY, last)
        pipeline = FreePipeline(m, platform, beat, 2)
        m.d.comb += [
            requantizer.i.valid.eq(pipeline.valid[-1]),
            results.valid.eq(requantizer.o.valid),
            results.payload.eq(requantizer.o.payload),
        ]
        position = Position(m, "position", [self.pixels, groups], beat)
        pixel, group = position.index
        first = pipeline.register("first_pixel", ~pixel.any())
        m.d.comb += last.eq(pixel == self.pixels - 1)
        pipeline.leave_when(pipeline.register("last_pixel", last))

        arriving = pipeline.arriving(1)
        width = self.accumulator.width
        sums = Signal(self.lanes * width, reset_less=True)
        kept: Value = sums
        if groups > 1:
            m.submodules.sums = memory = Ram(len(sums), 1, groups)
            m.d.comb += [
                memory.enable.eq(pipeline.advance),
                memory.address.eq(group),
                memory.write.eq(arriving),
                memory.write_address.eq(pipeline.register("group", group)),
            ]
            kept = memory.data
        totals = []
        for lane in range(self.lanes):
            code = pipeline.register(f"code_{lane}", self.i.payload[lane])
            before = kept.word_select(lane, width).as_signed()
            total = Mux(first, C(self._start, shape_of(self.accumulator)), before)
            totals.append(resized(total + self._term(code), width))
        if groups > 1:
            m.d.comb += memory.write_data.eq(Cat(totals))
        with m.If(arriving):
            m.d.sync += sums.eq(Cat(totals))
        m.d.comb += requantizer.i.payload.as_value().eq(sums)
        return m

    @property
    def _start(self) -> int:
        """What sums of codes start from, so that they end as sums of values."""
        return -self.pixels * (1 if self.encoding.bipolar else self.encoding.zero_point)

    def _term(self, code: Value) -> Value:
        return code << 1 if self.encoding.bipolar else code


def _check_whole_image(
    node: graph.Mean | graph.SumPool | graph.AveragePool, tensor: Tensor
) -> None:
    if isinstance(node, graph.Mean):
        dimensions = tuple(range(len(tensor.shape) - 1))
        if node.axes != dimensions:
            raise UserError(
                f"mean {node.output!r} is over axes {node.axes} of {tensor.shape}; the circuit "
                f"takes {dimensions}, all but the channels"
            )
        return
    window = node.window
    if window.size != tensor.shape[:2] or math.prod(window.output_size(tensor.shape)) != 1:
        raise UserError(
            f"pooling {node.output!r} has a window of {window.size} on {tensor.shape}; the circuit "
            "takes one window as large as the image, without padding"
        )
