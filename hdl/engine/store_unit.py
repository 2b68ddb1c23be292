"""Stores: words of the output memory, written to the host's memory in bursts."""

from amaranth.hdl import C, Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.engine.axi import INCREMENTING, axi_write
from bittrue.hdl.engine.burst_walker import BurstWalker, burst_layout, transfer_layout
from bittrue.hdl.engine.load_unit import Fault


def store_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a store: see `golden.engine.instruction.Store`, and the region it writes."""
    return data.StructLayout(
        {"transfer": transfer_layout(), "source": range(engine.output_words), "recentre": 1}
    )


class StoreUnit(wiring.Component):
    """Write runs of words in bursts.

    Parameters
    ----------
    engine : EngineConfiguration
    longest : int
        Words of a burst; see `hdl.engine.burst_walker.BurstWalker`.
    outstanding : int
        Bursts that are announced before they have been answered, at least 1.

    Members
    -------
    i : In(stream.Signature(...))
        Stores, executed in order; see `store_layout`.
    enable, address, data
        Of the output memory: it is read at the next clock edge where `enable` is set, and holds
        its word otherwise.
    bus : Out(axi_write)
    done : Out(1)
        Whether the last burst is answered in this cycle, of the earliest store that has not ended.
    fault : Out(Fault)
        How it ended, with `done`.

    One word per cycle where the bus takes it. A store that leaves its region writes nothing from
    there on.
    """

    def __init__(
        self, engine: EngineConfiguration, longest: int = 16, outstanding: int = 8
    ) -> None:
        self.engine = engine
        self.longest = longest
        self.outstanding = outstanding
        super().__init__(
            {
                "i": In(stream.Signature(store_layout(engine))),
                "enable": Out(1),
                "address": Out(range(engine.output_words)),
                "data": In(8 * engine.lanes),
                "bus": Out(axi_write(engine.lanes)),
                "done": Out(1),
                "fault": Out(Fault),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the ways of addresses, of words, and of answers."""
        m = Module()
        engine, bus = self.engine, self.bus
        m.submodules.walker = walker = BurstWalker(engine, self.longest)
        kind = data.StructLayout(
            {
                "source": range(engine.output_words),
                "recentre": 1,
                "beats": range(self.longest),
                "first": 1,
            }
        )
        answer = data.StructLayout({"last": 1, "refused": 1})
        m.submodules.bursts = bursts = SyncFIFO(width=kind.size, depth=self.outstanding)
        m.submodules.answers = answers = SyncFIFO(width=answer.size, depth=self.outstanding)
        source, recentre = Signal(range(engine.output_words)), Signal(name="recentre")
        given = self.i.payload
        burst = Signal(burst_layout(self.longest), name="burst")
        m.d.comb += burst.eq(walker.o.payload)
        room = bursts.w_rdy & answers.w_rdy
        goes = Signal(name="goes")
        m.d.comb += [
            walker.i.valid.eq(self.i.valid),
            walker.i.payload.eq(given.transfer),
            self.i.ready.eq(walker.i.ready),
            bus.awvalid.eq(walker.o.valid & ~burst.refused & room),
            bus.awaddr.eq(burst.address),
            bus.awlen.eq(burst.beats),
            bus.awsize.eq(Const((engine.lanes - 1).bit_length(), 3)),
            bus.awburst.eq(INCREMENTING),
            walker.o.ready.eq(room & (bus.awready | burst.refused)),
            goes.eq(walker.o.valid & walker.o.ready),
            bursts.w_en.eq(goes & ~burst.refused),
            bursts.w_data.eq(Cat(source, recentre, burst.beats, burst.first)),
            answers.w_en.eq(goes),
            answers.w_data.eq(Cat(burst.last, burst.refused)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [source.eq(given.source), recentre.eq(given.recentre)]
        self._words(m, platform, data.View(kind, bursts.r_data), bursts)
        self._answers(m, data.View(answer, answers.r_data), answers)
        return m

    def _words(self, m: Module, platform: object, burst: data.View, bursts: SyncFIFO) -> None:
        """Read a word for each beat, and give it a cycle later."""
        bus, engine = self.bus, self.engine
        words = range(engine.output_words)
        following, here = Signal(words, name="next_address"), Signal(words, name="address_here")
        beat = Signal(range(self.longest), name="beat")
        last = Signal(name="last_beat")
        asked = stream.Signature(0).create(path=("asked",))
        read = stream.Signature(0).create(path=("read",))
        reading = Pipeline(m, platform, asked, read, 1)
        moves = Signal(name="moves")
        m.d.comb += [
            here.eq(following),
            last.eq(beat == burst.beats),
            asked.valid.eq(bursts.r_rdy),
            moves.eq(asked.valid & asked.ready),
            bursts.r_en.eq(moves & last),
            self.enable.eq(reading.advance),
            self.address.eq(here),
        ]
        with m.If(burst.first & (beat == 0)):
            m.d.comb += here.eq(burst.source)
        with m.If(moves):
            m.d.sync += [following.eq(here + 1), beat.eq(beat + 1)]
            with m.If(last):
                m.d.sync += beat.eq(0)
        mask = Cat(C(0, 7), reading.register("recentred", burst.recentre))
        m.d.comb += [
            bus.wvalid.eq(read.valid),
            read.ready.eq(bus.wready),
            bus.wdata.eq(self.data ^ Cat(mask for _ in range(engine.lanes))),
            bus.wstrb.eq(C(1).replicate(engine.lanes)),
            bus.wlast.eq(reading.register("last", last)),
        ]

    def _answers(self, m: Module, answer: data.View, answers: SyncFIFO) -> None:
        bus = self.bus
        failed, ends = Signal(name="failed"), Signal(name="ends")
        m.d.comb += [
            bus.bready.eq(answers.r_rdy & ~answer.refused),
            ends.eq(answers.r_rdy & (bus.bvalid | answer.refused)),
            answers.r_en.eq(ends),
            self.done.eq(ends & answer.last),
        ]
        bad = bus.bresp[1]
        with m.If(answer.refused):
            m.d.comb += self.fault.eq(Fault.REGION)
        with m.Elif(failed | bad):
            m.d.comb += self.fault.eq(Fault.RESPONSE)
        with m.If(ends):
            m.d.sync += failed.eq((failed | (bad & ~answer.refused)) & ~answer.last)
