"""The matrix unit with one stream for what is loaded and what is asked, in order."""

from amaranth.hdl import Module, Mux
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.engine.matrix_unit import MatrixUnit


class Loaded(wiring.Component):
    """Words for the memories, then instructions.

    Members
    -------
    i : In(stream.Signature(...))
        ``asks`` for an instruction, otherwise a word is written; ``write`` and ``window``.
    o : Out(stream.Signature(...))
        What leaves the unit.
    """

    def __init__(self, unit: MatrixUnit) -> None:
        self.unit = unit
        layout = {
            "asks": 1,
            "write": unit.write.payload.shape(),
            "window": unit.i.payload.shape(),
        }
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(layout))),
                "o": Out(stream.Signature(unit.o.payload.shape())),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = self.unit
        given = self.i.payload
        m.d.comb += [
            unit.write.valid.eq(self.i.valid & ~given.asks),
            unit.write.payload.eq(given.write),
            unit.i.valid.eq(self.i.valid & given.asks),
            unit.i.payload.eq(given.window),
            self.i.ready.eq(Mux(given.asks, unit.i.ready, unit.write.ready)),
            self.o.valid.eq(unit.o.valid),
            self.o.payload.eq(unit.o.payload),
            unit.o.ready.eq(self.o.ready),
        ]
        return m
