"""A register slice that cuts both directions of a stream."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class SkidBuffer(wiring.Component):
    """Delay a stream by one cycle, with no combinational path in either direction.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))

    Latency 1 cycle, one beat per cycle. ``i.ready`` and ``o.valid`` come from registers: when the
    output stops, the beat that is already coming goes to a spare register.
    """

    LATENCY = 1

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        """Build the two registers."""
        m = Module()
        held = Signal.like(self.o.payload, name="held", reset_less=True)
        spare = Signal.like(self.o.payload, name="spare", reset_less=True)
        holds = Signal(name="holds")
        spare_holds = Signal(name="spare_holds")
        m.d.comb += [
            self.i.ready.eq(~spare_holds),
            self.o.valid.eq(holds),
            self.o.payload.eq(held),
        ]
        with m.If(self.o.ready | ~holds):
            m.d.sync += [holds.eq(self.i.valid | spare_holds), spare_holds.eq(0)]
            with m.If(spare_holds):
                m.d.sync += held.eq(spare)
            with m.Else():
                m.d.sync += held.eq(self.i.payload)
        with m.Elif(~spare_holds):
            m.d.sync += [spare_holds.eq(self.i.valid), spare.eq(self.i.payload)]
        return m
