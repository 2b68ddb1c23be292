"""Outputs of a circuit to AXI4-Stream."""

from amaranth.hdl import C, Instance, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.platform import VerilogPlatform
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.shell.bus import axi_stream, code_bytes
from bittrue.hdl.shell.skid_buffer import SkidBuffer


class StreamOutput(wiring.Component):
    """Hand outputs over, the last one of each image with TLAST.

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
    i : In(code_stream(kind, lanes))
    axis : Out(axi_stream(code_bytes(kind, lanes)))
    ended : Out(1)
        The last beat of an image is handed over in this cycle.
    stalled : Out(1)
        A beat waits for its reader.

    Latency 1 cycle, one beat per cycle; ``i.ready`` comes from a register.
    """

    def __init__(self, kind: IntegerType, lanes: int, beats: int) -> None:
        self.kind = kind
        self.lanes = lanes
        self.beats = beats
        super().__init__(
            {
                "i": In(code_stream(kind, lanes)),
                "axis": Out(axi_stream(code_bytes(kind, lanes))),
                "ended": Out(1),
                "stalled": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count beats, and buffer."""
        m = Module()
        shape = data.StructLayout({"codes": self.i.payload.shape(), "last": 1})
        m.submodules.buffer = buffer = SkidBuffer(shape)
        position = Position(m, "beat", [self.beats], self.i.valid & self.i.ready)
        m.d.comb += [
            buffer.i.valid.eq(self.i.valid),
            buffer.i.payload.codes.eq(self.i.payload),
            buffer.i.payload.last.eq(position.ends[0]),
            self.i.ready.eq(buffer.i.ready),
            self.axis.tvalid.eq(buffer.o.valid),
            self.axis.tlast.eq(buffer.o.payload.last),
            buffer.o.ready.eq(self.axis.tready),
            self.ended.eq(self.axis.tvalid & self.axis.tready & self.axis.tlast),
            self.stalled.eq(self.axis.tvalid & ~self.axis.tready),
        ]
        codes, bits = buffer.o.payload.codes.as_value(), len(self.axis.tdata.as_value())
        if len(codes) == bits:
            m.d.comb += self.axis.tdata.as_value().eq(codes)
            return m
        module = "extend_codes"
        if isinstance(platform, VerilogPlatform):
            module = platform.add_library(module)
        m.submodules.extend = Instance(
            module,
            p_LANES=self.lanes,
            p_WIDTH=len(codes) // self.lanes,
            p_EXTENDED=bits // self.lanes,
            p_SIGNED=C(self.kind.signed, 1),
            i_codes=codes,
            o_extended=self.axis.tdata.as_value(),
        )
        return m
