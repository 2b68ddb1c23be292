"""A FIFO between two clocks."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import AsyncFIFO
from amaranth.lib.wiring import In, Out


class ClockCrossing(wiring.Component):
    """Hand words from one clock domain to another that it need have nothing to do with.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words that it holds, a power of 2.
    written_by, read_by : str
        Clock domains of `i` and `o`.
    clear : ValueLike
        A register in the domain `written_by` that empties the FIFO while it is set.

    Members
    -------
    i : In(stream.Signature(width))
    o : Out(stream.Signature(width))

    Amaranth's `AsyncFIFO`, which has Gray-coded pointers through two registers each. What is
    offered at `o` stays there, unless the FIFO is cleared.
    """

    def __init__(
        self, width: int, depth: int, written_by: str, read_by: str, clear: ValueLike = 0
    ) -> None:
        self.width = width
        self.depth = depth
        self.written_by = written_by
        self.read_by = read_by
        self.clear = clear
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform: object) -> Module:
        """Build the FIFO."""
        m = Module()
        # The reset of the writing side is the FIFO's: it resets the reading one, too.
        m.domains.write = write = ClockDomain(local=True)
        m.d.comb += [
            write.clk.eq(ClockSignal(self.written_by)),
            write.rst.eq(ResetSignal(self.written_by) | self.clear),
        ]
        m.submodules.fifo = fifo = AsyncFIFO(
            width=self.width, depth=self.depth, r_domain=self.read_by, exact_depth=True
        )
        m.d.comb += [
            fifo.w_data.eq(self.i.payload),
            fifo.w_en.eq(self.i.valid),
            self.i.ready.eq(fifo.w_rdy),
            self.o.payload.eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
        ]
        return m
