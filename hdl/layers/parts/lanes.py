"""More or fewer elements to a beat."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.chunks import Chunks
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.layers.parts.codes import code_stream, elements_through_beat


class Lanes(wiring.Component):
    """Regroup a stream into beats of more or fewer elements.

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    lanes_in, lanes_out : int
        Elements of a beat; one of them divides the other.

    Members
    -------
    i : In(stream)
        `lanes_in` elements to a beat.
    o : Out(stream)
        The same elements, `lanes_out` to a beat.

    Latency 1 cycle from the last element of a beat that leaves; the narrower side is busy in every
    cycle.
    """

    latency = 1

    def __init__(self, kind: IntegerType, lanes_in: int, lanes_out: int) -> None:
        narrow, wide = sorted((lanes_in, lanes_out))
        if narrow < 1 or wide % narrow:
            raise UserError(
                f"lanes_in is {lanes_in} and lanes_out {lanes_out}; one must divide the other"
            )
        self.lanes_in = lanes_in
        self.lanes_out = lanes_out
        super().__init__(
            {"i": In(code_stream(kind, lanes_in)), "o": Out(code_stream(kind, lanes_out))}
        )

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        last_of_beat = elements_through_beat(outputs // self.lanes_out, self.lanes_out) - 1
        return elements_through_beat(last_of_beat // self.lanes_in, self.lanes_in)

    def elaborate(self, platform: object) -> Module:
        """Collect beats, or take one apart."""
        m = Module()
        if self.lanes_in <= self.lanes_out:
            self._collect(m, platform)
        else:
            self._take_apart(m)
        return m

    def _collect(self, m: Module, platform: object) -> None:
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        beats = Chunks(m, self.i, self.lanes_out // self.lanes_in)
        given = self.i.payload.as_value()
        complete = given
        if self.lanes_in < self.lanes_out:
            earlier = Signal(len(self.o.payload.as_value()) - len(given), reset_less=True)
            complete = Cat(earlier, given)
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += earlier.eq(complete[len(given) :])
        pipeline.leave_when(beats.last)
        m.d.comb += self.o.payload.as_value().eq(pipeline.register("beat", complete))

    def _take_apart(self, m: Module) -> None:
        width = len(self.o.payload.as_value())
        rest = Signal(len(self.i.payload.as_value()), reset_less=True)
        valid = Signal()
        parts = Chunks(m, self.o, self.lanes_in // self.lanes_out)
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.as_value().eq(rest[:width]),
            self.i.ready.eq(~valid | (self.o.ready & parts.last)),
        ]
        with m.If(self.i.ready):
            m.d.sync += [valid.eq(self.i.valid), rest.eq(self.i.payload)]
        with m.Elif(self.o.ready):
            m.d.sync += rest.eq(rest[width:])
