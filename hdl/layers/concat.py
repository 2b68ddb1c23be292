"""Several tensors to one."""

import math
from collections.abc import Sequence

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.numbers.arrays import Int64
from hdl.blocks.pipeline import Pipeline
from hdl.layers.parts.codes import check_lanes, code_stream, elements_through_beat
from hdl.layers.parts.position import Position


class Concat(wiring.Component):
    """Join tensors along a dimension: a block of the first, a block of the second, ... in turn.

    Parameters
    ----------
    node : golden.graph.Concat
        The dimension.
    tensors : sequence of Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of every input's channels.
    leader : int
        Number of the input of which a beat must be there before an image begins. With constants
        before it, an image would otherwise begin that nobody has sent.

    Members
    -------
    i0, i1, ... : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the joined tensor.

    Latency 1 cycle, one beat per cycle. An input waits while others have their turn.
    """

    latency = 1
    pauses = True

    def __init__(
        self, node: graph.Concat, tensors: Sequence[graph.Tensor], lanes: int, leader: int = 0
    ) -> None:
        for tensor in tensors:
            check_lanes(lanes, tensor.channels)
        self.node = node
        self.tensors = tuple(tensors)
        self.lanes = lanes
        self.leader = leader
        output = node.infer(*tensors).tensor
        self._blocks = [math.prod(tensor.shape[node.axis :]) // lanes for tensor in tensors]
        self._beats = output.elements // lanes
        port = code_stream(output.type, lanes)
        members = {f"i{index}": In(port) for index in range(len(tensors))}
        super().__init__({**members, "o": Out(port)})

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the output."""
        return self._beats

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements of each input must have been accepted for each output."""
        turns = np.repeat(np.arange(len(self._blocks)), self._blocks)
        turns = np.resize(turns, self._beats)
        beat = outputs // self.lanes
        beats = [(turns == index).cumsum() for index in range(len(self._blocks))]
        beats[self.leader] = np.maximum(beats[self.leader], 1)
        return tuple(elements_through_beat(each[beat] - 1, self.lanes) for each in beats)

    def elaborate(self, platform: object) -> Module:
        """Count beats of a block; its end passes the turn to the next input."""
        m = Module()
        inputs = [getattr(self, f"i{index}") for index in range(len(self._blocks))]
        turns = Signal(len(inputs), init=1)
        chosen = stream.Signature(0).create(path=("chosen",))
        pipeline = Pipeline(m, platform, chosen, self.o, self.latency)
        passes = chosen.valid & chosen.ready
        period = sum(self._blocks)
        index = Position(m, "place", [self._beats // period, period], passes).index
        place, begun = index[1], Cat(index).any() if self.leader else C(1)
        ends = np.cumsum(self._blocks).tolist()
        with m.If(passes & Cat(place == end - 1 for end in ends).any()):
            m.d.sync += turns.eq(turns.rotate_left(1))
        given = Cat(turn & each.valid for turn, each in zip(turns, inputs, strict=True)).any()
        may_begin = begun | inputs[self.leader].valid
        m.d.comb += chosen.valid.eq(given & may_begin)
        payload = inputs[0].payload.as_value()
        for turn, each in zip(turns, inputs, strict=True):
            m.d.comb += each.ready.eq(chosen.ready & turn & may_begin)
            payload = Mux(turn, each.payload.as_value(), payload)
        m.d.comb += self.o.payload.as_value().eq(pipeline.register("beat", payload))
        return m
