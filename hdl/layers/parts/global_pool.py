"""Sums and means over whole images, or over any dimensions that follow each other."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal, Value

from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.quantization import Encoding
from bittrue.hdl.blocks.pipeline import FreePipeline
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, buffered, result_places
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, counters_cost
from bittrue.hdl.costs.memories import result_fifo_cost, usual_ram_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.codes import elements_through_beat, resized
from bittrue.hdl.layers.parts.connection import feed
from bittrue.hdl.layers.parts.lanewise import LanewiseSpec
from bittrue.hdl.layers.parts.position import Position


@dataclass(frozen=True, eq=False)
class GlobalPoolSpec(LanewiseSpec):
    """Sums of each channel over an image, or of what lies behind other dimensions, scaled.

    Parameters
    ----------
    node : Node
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.
    encoding : Encoding
        How codes become the values that are added.
    scale : Requantization, optional
        What becomes of the sums.
    dimensions : tuple of int
        Those added over, which follow each other but for some of size 1; all but the channels by
        default.
    """

    encoding: Encoding
    scale: Requantization | None
    dimensions: tuple[int, ...] = ()

    spreads = False
    paced_by_lanes = True

    @property
    def requantization(self) -> Requantization | None:
        """What becomes of the sums."""
        return self.scale

    @cached_property
    def _run(self) -> tuple[int, int]:
        """The first of the dimensions added over, and the end of them."""
        rank = len(self.tensors[0].shape)
        if not self.dimensions:
            return 0, rank - 1
        return self.dimensions[0], self.dimensions[-1] + 1

    @cached_property
    def pixels(self) -> int:
        """Elements of a sum: the pixels of an image."""
        first, end = self._run
        return math.prod(self.tensors[0].shape[first:end])

    @cached_property
    def sums(self) -> int:
        """Sums that are added to in turn: the channels of an image."""
        return math.prod(self.tensors[0].shape[self._run[1] :])

    @property
    def adds_lanes(self) -> bool:
        """Whether the elements of a beat belong to one sum."""
        return self._run[1] == len(self.tensors[0].shape)

    @property
    def output_lanes(self) -> int:
        """Elements of a beat of the output."""
        return 1 if self.adds_lanes else self.lanes

    @property
    def turns(self) -> int:
        """Beats to which every sum is added."""
        return self.pixels // self.lanes if self.adds_lanes else self.pixels

    @property
    def groups(self) -> int:
        """Beats between those that are added to the same sums."""
        return self.sums // self.output_lanes

    @property
    def start(self) -> int:
        """What sums of codes start from, so that they end as sums of values."""
        return -self.pixels * (1 if self.encoding.bipolar else self.encoding.zero_point)

    @cached_property
    def requantizer(self) -> ChannelRequantSpec:
        """What scales the sums, as a circuit."""
        tensor = self.tensors[0]
        bounds = self.node.infer(tensor).accumulator
        assert bounds is not None
        channels = self.output.channels
        return ChannelRequantSpec(self.scale, bounds.type, None, channels, self.output_lanes)

    @property
    def leaves_as_it_comes(self) -> bool:
        """Whether the results come as fast as the last pixel: unless a beat makes one sum."""
        return not self.adds_lanes

    @property
    def latency(self) -> int:
        """Cycles from a beat of the last pixel to its codes."""
        return 2 + self.requantizer.latency + BUFFER_LATENCY

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the input."""
        return self.tensors[0].elements // self.lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        image, place = np.divmod(outputs, self.sums)
        before = (image + 1) * self.pixels * self.sums
        if self.adds_lanes:
            return (before,)
        behind = elements_through_beat(place // self.lanes, self.lanes)
        return (before - self.sums + behind,)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        width = self.requantizer.accumulator.width
        groups, lanes = self.groups, self.output_lanes
        adding = Costs(width) * lanes  # To the sum, or to what it starts from, in one table a bit.
        if self.adds_lanes:
            adding += Costs(self.tensors[0].type.width + self.lanes.bit_length()) * (self.lanes - 1)
        counting = counters_cost([self.turns, groups])
        memory = usual_ram_cost(lanes * width, groups, fabric).sum() if groups > 1 else Costs()
        width = lanes * self.output.type.width
        fifo = result_fifo_cost(width, result_places(self.latency - BUFFER_LATENCY)).sum()
        scaling = self.requantizer.usual_costs(fabric)
        return STREAM + adding + counting + memory + scaling + fifo

    def build(self, name: str) -> "GlobalPool":
        """Return the circuit."""
        return GlobalPool(self, name)


class GlobalPool(Layer[GlobalPoolSpec]):
    """Sum each channel over an image and scale the sum.

        o[c] = requantize(sum over the pixels of value(i[pixel, c]))

    Or sum over other dimensions that follow each other: what lies behind them is the channels then,
    and each part before them an image. Over the last ones, all elements of a beat go to one sum.

    Parameters
    ----------
    spec : GlobalPoolSpec
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

    def elaborate(self, platform: object) -> Module:
        """Read a sum, add, and write it back; the last pixel's sums leave."""
        m = Module()
        m.submodules.requantizer = requantizer = ChannelRequantizer(
            self.spec.requantizer, self.name, stalls=False
        )
        last = Signal(name="is_last_pixel")
        stages = self.spec.latency - BUFFER_LATENCY
        beat, results = buffered(m, self.i, self.o, stages, last)
        pipeline = FreePipeline(m, platform, beat, 2)
        m.d.comb += requantizer.i.valid.eq(pipeline.valid[-1])
        feed(m, requantizer.o, results)
        groups, turns, lanes = self.spec.groups, self.spec.turns, self.spec.output_lanes
        position = Position(m, "position", [turns, groups], beat)
        pixel, group = position.index
        first = pipeline.register("first_pixel", ~pixel.any())
        m.d.comb += last.eq(pixel == turns - 1)
        pipeline.leave_when(pipeline.register("last_pixel", last))

        arriving = pipeline.arriving(1)
        kind = self.spec.requantizer.accumulator
        width = kind.width
        sums = Signal(lanes * width, reset_less=True)
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
        codes: list[Value] = [self.i.payload[lane] for lane in range(self.spec.lanes)]
        if self.spec.adds_lanes:
            codes = [sum(codes[1:], start=codes[0])]
        totals = []
        for lane, given in enumerate(codes):
            code = pipeline.register(f"code_{lane}", given)
            before = kept.word_select(lane, width).as_signed()
            total = Mux(first, C(self.spec.start, shape_of(kind)), before)
            totals.append(resized(total + self._term(code), width))
        if groups > 1:
            m.d.comb += memory.write_data.eq(Cat(totals))
        with m.If(arriving):
            m.d.sync += sums.eq(Cat(totals))
        m.d.comb += requantizer.i.payload.as_value().eq(sums)
        return m

    def _term(self, code: Value) -> Value:
        return code << 1 if self.spec.encoding.bipolar else code
