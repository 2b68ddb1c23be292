"""Images from AXI4-Stream into a circuit."""

from amaranth.hdl import Cat, Module, ResetSignal, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.integer_type import IntegerType
from hdl.layers.codes import code_stream
from hdl.layers.position import Position
from hdl.shell.bus import axi_stream, code_bytes
from hdl.shell.skid_buffer import SkidBuffer


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

    Members
    -------
    axis : In(axi_stream(code_bytes(kind, lanes)))
    o : Out(code_stream(kind, lanes))
    enable : In(1)
        Without it, no image is begun.
    begun, ended : Out(1)
        The first and the last beat of an image passes to the circuit in this cycle.
    unfinished : Out(1)
        An image was begun and not ended.
    stalled : Out(1)
        A beat waits for the circuit.
    tlast_missing, tlast_early, code_error : Out(1)
        A beat passes that is the last one without TLAST, that has TLAST and is not the last one,
        or that has a code whose bytes are not those of a number of `kind`.

    Latency 1 cycle, one beat per cycle; ``axis.tready`` comes from registers, and is low in reset.
    """

    def __init__(self, kind: IntegerType, lanes: int, beats: int) -> None:
        self.kind = kind
        self.lanes = lanes
        self.beats = beats
        super().__init__(
            {
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
        """Buffer, gate and count beats."""
        m = Module()
        codes = self.o.payload.shape()
        shape = data.StructLayout({"codes": codes, "last": 1, "error": 1})
        m.submodules.buffer = buffer = SkidBuffer(shape)
        given = [self.axis.tdata[lane] for lane in range(self.lanes)]
        kept = [value[: self.kind.width] for value in given]
        errors = [
            value != (low.as_signed() if self.kind.signed else low)
            for value, low in zip(given, kept, strict=True)
        ]
        waiting = buffer.o.payload
        offered = Signal(name="offered")  # A beat that was offered stays.
        m.d.sync += offered.eq(self.stalled)
        flow = self.enable | self.unfinished | offered
        passes = self.o.valid & self.o.ready
        position = Position(m, "beat", [self.beats], passes)
        m.d.comb += [
            buffer.i.valid.eq(self.axis.tvalid & ~ResetSignal()),
            buffer.i.payload.codes.as_value().eq(Cat(kept)),
            buffer.i.payload.last.eq(self.axis.tlast),
            buffer.i.payload.error.eq(Cat(errors).any()),
            self.axis.tready.eq(buffer.i.ready & ~ResetSignal()),
            self.o.valid.eq(buffer.o.valid & flow),
            self.o.payload.as_value().eq(waiting.codes.as_value()),
            buffer.o.ready.eq(self.o.ready & flow),
            self.unfinished.eq(position.index[0] != 0),
            self.begun.eq(passes & ~self.unfinished),
            self.ended.eq(passes & position.ends[0]),
            self.stalled.eq(self.o.valid & ~self.o.ready),
            self.tlast_missing.eq(self.ended & ~waiting.last),
            self.tlast_early.eq(passes & waiting.last & ~position.ends[0]),
            self.code_error.eq(passes & waiting.error),
        ]
        return m
