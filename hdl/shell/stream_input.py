"""Images from AXI4-Stream into a circuit."""

from amaranth.hdl import Cat, Module, ResetSignal, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.shell.bus import axi_stream, code_bytes
from bittrue.hdl.shell.skid_buffer import SkidBuffer


class StreamInput(wiring.Component):
    """Take images, find out where each one ends, and notice what is wrong with them.

    Parameters
    ----------
    kind : IntegerType
        Of each code.
    lanes : int
        Codes of a beat.
    beats : int
        Of an image.
    one_of_several : bool
        Whether there are other inputs.

    Members
    -------
    axis : In(axi_stream(code_bytes(kind, lanes)))
    o : Out(code_stream(kind, lanes))
    enable : In(1)
        Without it, no beat is taken but those of an image of which one was.
    entered : Out(1)
        With others: the first beat of an image is taken in this cycle.
    begun, ended : Out(1)
        The first and the last beat of an image passes to the circuit in this cycle.
    unfinished : Out(1)
        An image was begun to be taken, and has not passed to the circuit whole.
    stalled : Out(1)
        A beat waits for the circuit.
    tlast_missing, tlast_early, code_error : Out(1)
        A beat passes that is the last one without TLAST, that has TLAST and is not the last one,
        or that has a code whose bytes are not those of a number of `kind`.

    Latency 1 cycle, one beat per cycle; ``axis.tready`` comes from registers and `enable`, and is
    low in reset.
    """

    def __init__(
        self, kind: IntegerType, lanes: int, beats: int, one_of_several: bool = False
    ) -> None:
        self.kind = kind
        self.lanes = lanes
        self.beats = beats
        self.one_of_several = one_of_several
        super().__init__(
            {
                **({"entered": Out(1)} if one_of_several else {}),
                "axis": In(axi_stream(code_bytes(kind, lanes))),
                "o": Out(code_stream(kind, lanes)),
                "enable": In(1),
                "begun": Out(1),
                "ended": Out(1),
                "unfinished": Out(1),
                "stalled": Out(1),
                "tlast_missing": Out(1),
                "tlast_early": Out(1),
                "code_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Gate, count and buffer beats."""
        m = Module()
        codes = self.o.payload.shape()
        marks = ("first", "ends", "tlast_missing", "tlast_early", "code_error")
        shape = data.StructLayout({"codes": codes, **dict.fromkeys(marks, 1)})
        m.submodules.buffer = buffer = SkidBuffer(shape)
        carried = [self.axis.tdata[lane] for lane in range(self.lanes)]
        kept = [value[: self.kind.width] for value in carried]
        errors = [
            value != (low.as_signed() if self.kind.signed else low)
            for value, low in zip(carried, kept, strict=True)
        ]
        # The gate is in front of the buffer, which would take two beats of an image behind it.
        begun = Signal(name="image_begun")
        takes = Signal(name="takes")
        position = Position(m, "beat", [self.beats], self.axis.tvalid & self.axis.tready)
        if self.one_of_several:
            m.d.comb += self.entered.eq(self.axis.tvalid & self.axis.tready & ~begun)
        given, waiting = buffer.i.payload, buffer.o.payload
        passes = self.o.valid & self.o.ready
        m.d.comb += [
            begun.eq(position.index[0] != 0),
            takes.eq((self.enable | begun) & ~ResetSignal()),
            self.axis.tready.eq(buffer.i.ready & takes),
            buffer.i.valid.eq(self.axis.tvalid & takes),
            given.codes.as_value().eq(Cat(kept)),
            given.first.eq(~begun),
            given.ends.eq(position.ends[0]),
            given.tlast_missing.eq(position.ends[0] & ~self.axis.tlast),
            given.tlast_early.eq(self.axis.tlast & ~position.ends[0]),
            given.code_error.eq(Cat(errors).any()),
            self.o.valid.eq(buffer.o.valid),
            self.o.payload.as_value().eq(waiting.codes.as_value()),
            buffer.o.ready.eq(self.o.ready),
            self.unfinished.eq(begun | buffer.o.valid),
            self.begun.eq(passes & waiting.first),
            self.ended.eq(passes & waiting.ends),
            self.stalled.eq(self.o.valid & ~self.o.ready),
            self.tlast_missing.eq(passes & waiting.tlast_missing),
            self.tlast_early.eq(passes & waiting.tlast_early),
            self.code_error.eq(passes & waiting.code_error),
        ]
        return m
