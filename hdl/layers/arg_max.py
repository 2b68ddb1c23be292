"""Index of the largest code."""

from amaranth.hdl import C, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.graph import Tensor
from golden.numbers.arrays import Int64
from hdl.blocks.pipeline import Pipeline
from hdl.layers.parts.codes import check_lanes, code_stream, elements_through_beat
from hdl.layers.parts.position import Position

_Candidate = tuple[Value, Value]
"""A code and its index."""


class ArgMax(wiring.Component):
    """Index of the largest code of each row, the first of equals.

    Parameters
    ----------
    node : golden.graph.ArgMax
    tensor : Tensor
        What it reads.
    lanes : int
        Codes of a beat, a divisor of the channels.

    Members
    -------
    i : In(stream)
        Codes.
    o : Out(stream)
        One index for each row, one to a beat.

    Latency `latency` cycles from the last beat of a row, one beat per cycle in.
    """

    spreads = False

    def __init__(self, node: graph.ArgMax, tensor: Tensor, lanes: int) -> None:
        check_lanes(lanes, tensor.channels)
        self.node = node
        self.tensors = (tensor,)
        self.lanes = lanes
        output = node.infer(tensor).tensor.type
        super().__init__(
            {"i": In(code_stream(tensor.type, lanes)), "o": Out(code_stream(output, 1))}
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a row to its index."""
        return (self.lanes - 1).bit_length() + 2

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the input."""
        return self.tensors[0].elements // self.lanes

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        return elements_through_beat(outputs, self.tensors[0].channels)

    def elaborate(self, platform: object) -> Module:
        """Compare the codes of a beat in a tree, and its largest with that of the beats before."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        beat = self.i.valid & self.i.ready
        beats = self.tensors[0].channels // self.lanes
        position = Position(m, "position", [beats], beat)
        arrived = self.latency - 1
        place = pipeline.register("beat", position.index[0], arrived)
        pipeline.leave_when(pipeline.register("last_beat", position.ends[0], arrived))

        candidates: list[_Candidate] = [
            (pipeline.register(f"code_{lane}", self.i.payload[lane]), C(lane, range(self.lanes)))
            for lane in range(self.lanes)
        ]
        level = 0
        while len(candidates) > 1:
            pairs = [candidates[first : first + 2] for first in range(0, len(candidates), 2)]
            candidates = [
                (
                    pipeline.register(f"code_{level}_{n}", code),
                    pipeline.register(f"lane_{level}_{n}", lane),
                )
                for n, (code, lane) in enumerate(map(_larger, pairs))
            ]
            level += 1
        code, lane = candidates[0]

        largest = Signal(code.shape(), reset_less=True)
        index = Signal.like(self.o.payload[0], name="index", reset_less=True)
        arriving = pipeline.advance & pipeline.valid[arrived - 1]
        with m.If(arriving & ((place == 0) | (code > largest))):
            m.d.sync += [largest.eq(code), index.eq(place * self.lanes + lane)]
        m.d.comb += self.o.payload[0].eq(index)
        return m


def _larger(pair: list[_Candidate]) -> _Candidate:
    """Return the candidate with the larger code, the first of equals."""
    if len(pair) == 1:
        return pair[0]
    (first, first_lane), (second, second_lane) = pair
    later = second > first
    return Mux(later, second, first), Mux(later, second_lane, first_lane)
