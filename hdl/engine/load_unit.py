"""Loads: words of the host's memory, read in bursts, for the memories on chip."""

from enum import IntEnum

from amaranth.hdl import C, Cat, Const, Module, Shape, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Buffer
from bittrue.golden.engine.record import SIZE
from bittrue.hdl.engine.axi import INCREMENTING, axi_read
from bittrue.hdl.engine.burst_walker import BurstWalker, burst_layout, transfer_layout

TABLE_BYTES = 1024


class Fault(IntEnum):
    """How a transfer ended."""

    NONE = 0
    REGION = 1
    RESPONSE = 2


def words_of(engine: EngineConfiguration, buffer: Buffer) -> int:
    """Return the words of a row, record or table: a power of two."""
    size = {
        Buffer.INPUT: engine.lanes,
        Buffer.WEIGHT: engine.row_bytes,
        Buffer.RECORD: SIZE,
        Buffer.TABLE: TABLE_BYTES,
    }[buffer]
    return size // engine.lanes


def load_layout() -> data.StructLayout:
    """Layout of a load: see `golden.engine.instruction.Load`, and the region that it reads."""
    return data.StructLayout(
        {"transfer": transfer_layout(), "destination": 20, "buffer": 2, "recentre": 1}
    )


def loaded_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a word that was loaded: ``buffer``, ``address`` in words, ``word``."""
    return data.StructLayout({"buffer": 2, "address": 32, "word": 8 * engine.lanes})


class LoadUnit(wiring.Component):
    """Read runs of words in bursts, and hand them on with their places on chip.

    Parameters
    ----------
    engine : EngineConfiguration
        Outputs are a power of two.
    longest : int
        Words of a burst; see `hdl.engine.burst_walker.BurstWalker`.
    outstanding : int
        Bursts that are asked for before their words have come, at least 1.

    Members
    -------
    i : In(stream.Signature(...))
        Loads, executed in order; see `load_layout`.
    bus : Out(axi_read)
    o : Out(stream.Signature(...))
        Words, in order; see `loaded_layout`.
    done : Out(1)
        Whether the last word is taken in this cycle, of the earliest load that has not ended.
    fault : Out(Fault)
        How it ended, with `done`.

    Bursts are asked for as long as there is room for them, those of the next load while words of
    the one before still come. A load that leaves its region asks for nothing from there on. Words
    with an error response are handed on like others, and told in `fault`.
    """

    def __init__(
        self, engine: EngineConfiguration, longest: int = 16, outstanding: int = 8
    ) -> None:
        self.engine = engine
        self.longest = longest
        self.outstanding = outstanding
        super().__init__(
            {
                "i": In(stream.Signature(load_layout())),
                "bus": Out(axi_read(engine.lanes)),
                "o": Out(stream.Signature(loaded_layout(engine))),
                "done": Out(1),
                "fault": Out(Fault),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the way of addresses, and behind a queue of bursts the way of words."""
        m = Module()
        engine, bus = self.engine, self.bus
        m.submodules.walker = walker = BurstWalker(engine, self.longest)
        kind = data.StructLayout(
            {"address": 32, "buffer": 2, "recentre": 1, "first": 1, "last": 1, "refused": 1}
        )
        m.submodules.bursts = bursts = SyncFIFO(width=kind.size, depth=self.outstanding)
        load = Signal(kind, name="load")
        given = self.i.payload
        burst = Signal(burst_layout(self.longest), name="burst")
        m.d.comb += burst.eq(walker.o.payload)
        m.d.comb += [
            walker.i.valid.eq(self.i.valid),
            walker.i.payload.eq(given.transfer),
            self.i.ready.eq(walker.i.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [load.buffer.eq(given.buffer), load.recentre.eq(given.recentre)]
            with m.Switch(given.buffer):
                for buffer in Buffer:
                    with m.Case(buffer):
                        shift = (words_of(engine, buffer) - 1).bit_length()
                        m.d.sync += load.address.eq(given.destination << shift)
        asks = Signal(name="asks")
        m.d.comb += [
            asks.eq(walker.o.valid & ~burst.refused),
            bus.arvalid.eq(asks & bursts.w_rdy),
            bus.araddr.eq(burst.address),
            bus.arlen.eq(burst.beats),
            bus.arsize.eq(Const((engine.lanes - 1).bit_length(), 3)),
            bus.arburst.eq(INCREMENTING),
            walker.o.ready.eq(bursts.w_rdy & (bus.arready | burst.refused)),
            bursts.w_en.eq(walker.o.valid & walker.o.ready),
            bursts.w_data.eq(
                Cat(
                    load.address, load.buffer, load.recentre, burst.first, burst.last,
                    burst.refused,
                )
            ),
        ]  # fmt: skip
        self._words(m, bursts, kind)
        return m

    def _words(self, m: Module, bursts: SyncFIFO, kind: data.StructLayout) -> None:
        bus, engine = self.bus, self.engine
        burst = data.View(kind, bursts.r_data)
        address = Signal(Shape(32), name="next_address")
        begun, failed = Signal(name="begun"), Signal(name="failed")
        here = Signal(32, name="address_here")
        moves, ends = Signal(name="moves"), Signal(name="ends")
        mask = Cat(C(0, 7), burst.recentre)
        m.d.comb += [
            here.eq(address),
            self.o.valid.eq(bus.rvalid & bursts.r_rdy & ~burst.refused),
            self.o.payload.buffer.eq(burst.buffer),
            self.o.payload.address.eq(here),
            self.o.payload.word.eq(bus.rdata ^ Cat(mask for _ in range(engine.lanes))),
            bus.rready.eq(self.o.ready & bursts.r_rdy & ~burst.refused),
            moves.eq(bus.rvalid & bus.rready),
            ends.eq((moves & bus.rlast) | (bursts.r_rdy & burst.refused)),
            bursts.r_en.eq(ends),
            self.done.eq(ends & burst.last),
        ]
        with m.If(burst.first & ~begun):
            m.d.comb += here.eq(burst.address)
        bad = bus.rresp[1]
        with m.If(burst.refused):
            m.d.comb += self.fault.eq(Fault.REGION)
        with m.Elif(failed | bad):
            m.d.comb += self.fault.eq(Fault.RESPONSE)
        with m.If(moves):
            m.d.sync += [address.eq(here + 1), begun.eq(1), failed.eq(failed | bad)]
        with m.If(ends):
            m.d.sync += begun.eq(0)
            with m.If(burst.last):
                m.d.sync += failed.eq(0)
