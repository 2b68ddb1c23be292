"""Registers behind an AXI4-Lite interface."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.shell.bus import OKAY, SLVERR, axi_lite
from bittrue.hdl.shell.register_map import ADDRESS_WIDTH, WORD_BYTES, Register


class RegisterFile(wiring.Component):
    """Answer reads from values that are given, and tell what is written.

    Parameters
    ----------
    registers : sequence of Register
        At least one of them writable.

    Members
    -------
    axi : In(axi_lite(ADDRESS_WIDTH))
    values : In(data.StructLayout)
        What each register reads as, by its name.
    written : Out(data.StructLayout)
        For each writable register, whether `data` is for it in this cycle.
    data : Out(32)
        What is written.
    strobe : Out(4)
        Which of its bytes are.

    Read data comes 1 cycle after the address, the response 2 cycles after address and data of a
    write; one access at a time in each direction. Every output comes from a register. SLVERR
    answers addresses without a register, and writes to registers that are only read.
    """

    def __init__(self, registers: Sequence[Register]) -> None:
        self.registers = tuple(registers)
        word = 8 * WORD_BYTES
        super().__init__(
            {
                "axi": In(axi_lite(ADDRESS_WIDTH)),
                "values": In(data.StructLayout({each.name: word for each in registers})),
                "written": Out(
                    data.StructLayout({each.name: 1 for each in registers if each.writable})
                ),
                "data": Out(word),
                "strobe": Out(WORD_BYTES),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the read and the write channels."""
        m = Module()
        self._build_reads(m)
        self._build_writes(m)
        return m

    def _build_reads(self, m: Module) -> None:
        axi = self.axi
        valid, waits = Signal(name="read_valid"), Signal(name="read_waits")
        value = Signal(8 * WORD_BYTES, name="read_value", reset_less=True)
        response = Signal(2, name="read_response", reset_less=True)
        m.d.comb += [
            axi.arready.eq(waits),
            axi.rvalid.eq(valid),
            axi.rdata.eq(value),
            axi.rresp.eq(response),
        ]
        with m.If(axi.arvalid & waits):
            m.d.sync += [valid.eq(1), waits.eq(0), value.eq(0), response.eq(SLVERR)]
            with m.Switch(axi.araddr[2:]):
                for register in self.registers:
                    with m.Case(register.address // WORD_BYTES):
                        m.d.sync += [value.eq(self.values[register.name]), response.eq(OKAY)]
        with m.Elif(~valid | axi.rready):
            m.d.sync += [valid.eq(0), waits.eq(1)]

    def _build_writes(self, m: Module) -> None:
        axi = self.axi
        address = Signal(ADDRESS_WIDTH - 2, name="write_address", reset_less=True)
        addressed, given = Signal(name="addressed"), Signal(name="given")
        value = Signal(8 * WORD_BYTES, name="write_value", reset_less=True)
        strobe = Signal(WORD_BYTES, name="write_strobe", reset_less=True)
        valid = Signal(name="response_valid")
        response = Signal(2, name="write_response", reset_less=True)
        waits = Signal(name="write_waits")
        writes = Signal(name="writes")
        m.d.comb += [
            axi.awready.eq(waits & ~addressed),
            axi.wready.eq(waits & ~given),
            axi.bvalid.eq(valid),
            axi.bresp.eq(response),
            self.data.eq(value),
            self.strobe.eq(strobe),
            writes.eq(addressed & given & ~valid),
        ]
        m.d.sync += waits.eq(1)  # After reset, as AXI recommends.
        with m.If(axi.awvalid & axi.awready):
            m.d.sync += [addressed.eq(1), address.eq(axi.awaddr[2:])]
        with m.If(axi.wvalid & axi.wready):
            m.d.sync += [given.eq(1), value.eq(axi.wdata), strobe.eq(axi.wstrb)]
        accepted = Signal(name="accepted")
        for register in self.registers:
            if register.writable:
                chosen = address == register.address // WORD_BYTES
                m.d.comb += self.written[register.name].eq(writes & chosen)
        m.d.comb += accepted.eq(self.written.as_value().any())
        with m.If(writes):
            m.d.sync += [valid.eq(1), response.eq(Mux(accepted, OKAY, SLVERR))]
        with m.Elif(valid & axi.bready):
            m.d.sync += [valid.eq(0), addressed.eq(0), given.eq(0)]
