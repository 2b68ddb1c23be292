"""Some results at once, sent on a few at a time."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.codes import code_stream


class Serializer(wiring.Component):
    """Send the channels of each position on, those of one frame after those of the one before.

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    channels : int
        Of a position.
    outputs : int
        Elements of a frame; the last frame of a position may have elements without a channel.
    lanes : int
        Elements of a beat of the output; divides `channels` and `outputs`.

    Members
    -------
    i : In(code_stream(kind, outputs))
        Frames.
    o : Out(code_stream(kind, lanes))
        The channels of each position, in order.

    A frame's first beat leaves one cycle after the frame arrives; one beat per cycle, also from
    one frame to the next. Nothing in it ever waits: ``o.ready`` must always be high, and a frame
    may come with the last beat of the one before, but not earlier.
    """

    LATENCY = 1

    def __init__(self, kind: IntegerType, channels: int, outputs: int, lanes: int) -> None:
        if not 1 <= outputs <= channels:
            raise UserError(f"outputs is {outputs}; allowed: 1 to {channels} (channels)")
        if lanes < 1 or channels % lanes or outputs % lanes:
            raise UserError(
                f"lanes is {lanes}; allowed: divisors of {channels} (channels) and {outputs} "
                "(outputs)"
            )
        self.kind = kind
        self.channels = channels
        self.outputs = outputs
        self.lanes = lanes
        super().__init__({"i": In(code_stream(kind, outputs)), "o": Out(code_stream(kind, lanes))})

    @property
    def beats(self) -> list[int]:
        """Beats of the output for each frame of a position."""
        frames = -(-self.channels // self.outputs)
        last = self.channels - (frames - 1) * self.outputs
        return [self.outputs // self.lanes] * (frames - 1) + [last // self.lanes]

    def elaborate(self, platform: object) -> Module:
        """Build the shift register and the counters."""
        m = Module()
        beat = self.lanes * self.kind.width
        beats, frames, last_beats = self.outputs // self.lanes, len(self.beats), self.beats[-1]

        waiting = Signal(beats * beat, name="waiting", reset_less=True)
        left = Signal(range(beats + 1), name="beats_left")
        frame = Signal(range(max(frames, 2)), name="frame")
        last_frame = frame == frames - 1
        m.d.comb += [
            self.i.ready.eq(1),
            self.o.valid.eq(left != 0),
            self.o.payload.as_value().eq(waiting[:beat]),
        ]
        m.d.sync += waiting.eq(
            Mux(self.i.valid, self.i.payload.as_value(), waiting.rotate_right(beat))
        )
        with m.If(self.i.valid):
            m.d.sync += [
                left.eq(Mux(last_frame, last_beats, beats)),
                frame.eq(Mux(last_frame, 0, frame + 1)),
            ]
        with m.Elif(self.o.valid):
            m.d.sync += left.eq(left - 1)
        return m
