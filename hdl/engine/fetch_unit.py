"""Fetch: the program read in order, checked, and handed to the queues of its units."""

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import SIZE, Unit
from bittrue.golden.engine.program import HEADER, MAGIC, MAXIMUM_INSTRUCTIONS, VERSION
from bittrue.hdl.engine import load_unit
from bittrue.hdl.engine.axi import ADDRESS, axi_read
from bittrue.hdl.engine.instruction_checker import InstructionChecker
from bittrue.hdl.engine.load_unit import LoadUnit
from bittrue.hdl.engine.register_map import Fault
from bittrue.hdl.engine.sequencer import NUMBER

_COUNT = range(MAXIMUM_INSTRUCTIONS + 1)


def regions_layout() -> data.StructLayout:
    """Layout of the host's regions: byte address and bytes of each."""
    return data.StructLayout(
        {"image": ADDRESS, "image_bytes": 32, "data": ADDRESS, "data_bytes": 32}
    )


def fetched_layout() -> data.StructLayout:
    """Layout of an instruction: its bytes, its ``number``, its ``unit``."""
    return data.StructLayout({"content": 8 * SIZE, "number": NUMBER, "unit": range(len(Unit))})


def header_layout() -> data.StructLayout:
    """Layout of a program's header; see `golden.engine.program.HEADER`."""
    return data.StructLayout(
        {
            "magic": 64,
            "version": 32,
            "instructions": 32,
            "lanes": 16,
            "outputs": 16,
            "input_words": 32,
            "weight_rows": 32,
            "records": 32,
            "tables": 32,
            "output_words": 32,
            "data_bytes": 64,
            "unused": 128,
        }
    )


class FetchUnit(wiring.Component):
    """Read a program from memory and hand its instructions over, until its end or a fault.

    Parameters
    ----------
    engine : EngineConfiguration
    longest, outstanding : int
        See `hdl.engine.load_unit.LoadUnit`.

    Members
    -------
    start : In(1)
        Begin; given while `busy` is not.
    regions : In(regions_layout())
        Held while it is busy.
    bus : Out(axi_read)
    o : Out(stream.Signature(fetched_layout()))
        Instructions in order, without End.
    halt : In(1)
        Something else has failed: nothing more is handed over.
    busy : Out(1)
        From `start` until nothing more comes, neither instructions nor words from memory.
    fault : Out(Fault)
        What is wrong with the program, from the cycle on in which it is seen; held until `start`.
    number : Out(NUMBER)
        Of the instruction that is looked at.
    reads : Out(1)
        A word is read in this cycle.

    An instruction takes as many cycles as it has words, and `InstructionChecker.LATENCY` + 2. What
    `golden.engine.program.decode_program` refuses is refused here, though only when it is come to;
    tokens are counted as there, those that were sent before in the program and not taken.
    """

    def __init__(
        self, engine: EngineConfiguration, longest: int = 16, outstanding: int = 4
    ) -> None:
        self.engine = engine
        self.longest = longest
        self.outstanding = outstanding
        super().__init__(
            {
                "start": In(1),
                "regions": In(regions_layout()),
                "bus": Out(axi_read(engine.lanes)),
                "o": Out(stream.Signature(fetched_layout())),
                "halt": In(1),
                "busy": Out(1),
                "fault": Out(Fault),
                "number": Out(NUMBER),
                "reads": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the register that words are gathered in, and the states around it."""
        m = Module()
        lanes = self.engine.lanes
        words = SIZE // lanes
        m.submodules.words = reader = LoadUnit(self.engine, self.longest, self.outstanding)
        m.submodules.checker = checker = InstructionChecker(self.engine)
        wiring.connect(m, wiring.flipped(self.bus), reader.bus)
        content = Signal(8 * SIZE, name="content")
        gathered = Signal(range(words), name="gathered")
        steps = Signal(range(checker.LATENCY + 1), name="steps")
        count, number = Signal(_COUNT, name="count"), Signal(_COUNT, name="instruction")
        fault = Signal(Fault, name="fault_seen")
        reading, takes = Signal(name="reading"), Signal(name="takes")
        transfer = reader.i.payload.transfer
        shift = (lanes - 1).bit_length()
        m.d.comb += [
            self.busy.eq(1),
            self.fault.eq(fault),
            self.number.eq(number),
            self.reads.eq(reader.o.valid & reader.o.ready),
            takes.eq(self.reads),
            checker.content.eq(content),
            self.o.payload.content.eq(content),
            self.o.payload.number.eq(number),
            self.o.payload.unit.eq(checker.unit),
            transfer.rows.eq(1),
            transfer.planes.eq(1),
            transfer.base.eq(self.regions.image),
            transfer.size.eq(self.regions.image_bytes),
        ]
        with m.If(takes):
            m.d.sync += [
                content.eq(Cat(content, reader.o.payload.word)[8 * lanes :]),
                gathered.eq(gathered + 1),
            ]
        with m.If(reader.i.valid & reader.i.ready):
            m.d.sync += reading.eq(1)
        with m.Elif(reader.done):
            m.d.sync += reading.eq(0)
        bad = Signal(name="bad_word")
        m.d.comb += bad.eq(takes & self.bus.rresp[1])
        refused = reader.done & (reader.fault == load_unit.Fault.REGION)
        gets_last = takes & (gathered == words - 1)
        header_fault = self._header(m, data.View(header_layout(), content))
        lacks = self._tokens(m, content, checker.unit)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                with m.If(self.start):
                    places = self.regions.image | self.regions.data
                    m.d.sync += [
                        fault.eq(Fault.NONE), number.eq(0), count.eq(0), gathered.eq(0),
                    ]  # fmt: skip
                    m.next = "ASK_HEADER"
                    with m.If(places[:shift] != 0):
                        m.d.sync += fault.eq(Fault.ALIGNMENT)
                        m.next = "DRAIN"
            with m.State("ASK_HEADER"):
                m.d.comb += [reader.i.valid.eq(1), transfer.run.eq(HEADER.size // lanes)]
                with m.If(reader.i.ready):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += reader.o.ready.eq(1)
                with m.If(refused):
                    m.d.sync += fault.eq(Fault.TRUNCATED)
                    m.next = "DRAIN"
                with m.Elif(bad):
                    m.d.sync += fault.eq(Fault.RESPONSE)
                    m.next = "DRAIN"
                with m.Elif(gets_last):
                    m.next = "CHECK_HEADER"
            with m.State("CHECK_HEADER"):
                m.d.sync += [fault.eq(header_fault), count.eq(content[96:128])]
                m.next = "ASK_PROGRAM"
                with m.If(header_fault != Fault.NONE):
                    m.next = "DRAIN"
            with m.State("ASK_PROGRAM"):
                m.d.comb += [
                    reader.i.valid.eq(1),
                    transfer.address.eq(HEADER.size),
                    transfer.run.eq(count << (words - 1).bit_length()),
                ]
                with m.If(reader.i.ready):
                    m.next = "GATHER"
            with m.State("GATHER"):
                m.d.comb += reader.o.ready.eq(1)
                m.d.sync += steps.eq(0)
                with m.If(self.halt):
                    m.next = "DRAIN"
                with m.Elif(refused):
                    m.d.sync += fault.eq(Fault.TRUNCATED)
                    m.next = "DRAIN"
                with m.Elif(bad):
                    m.d.sync += fault.eq(Fault.RESPONSE)
                    m.next = "DRAIN"
                with m.Elif(gets_last):
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += steps.eq(steps + 1)
                with m.If(steps == checker.LATENCY):
                    m.next = "HAND"
                    with m.If(checker.fault != Fault.NONE):
                        m.d.sync += fault.eq(checker.fault)
                        m.next = "DRAIN"
                    with m.Elif(checker.end != (number + 1 == count)):
                        m.d.sync += fault.eq(Fault.END)
                        m.next = "DRAIN"
                    with m.Elif(lacks):
                        m.d.sync += fault.eq(Fault.TOKEN)
                        m.next = "DRAIN"
                    with m.Elif(checker.end):
                        m.next = "DRAIN"
            with m.State("HAND"):
                m.d.comb += self.o.valid.eq(~self.halt)
                with m.If(self.halt):
                    m.next = "DRAIN"
                with m.Elif(self.o.ready):
                    m.d.sync += number.eq(number + 1)
                    m.next = "GATHER"
            with m.State("DRAIN"):
                m.d.comb += reader.o.ready.eq(1)
                with m.If(~reading):
                    m.next = "IDLE"
        return m

    def _header(self, m: Module, header: data.View) -> Signal:
        """Return what is wrong with a header."""
        engine, fault = self.engine, Signal(Fault, name="header_fault")
        larger = Cat(
            getattr(header, name) > getattr(engine, name)
            for name in ("input_words", "weight_rows", "records", "tables", "output_words")
        ).any()
        other = (header.lanes != engine.lanes) | (header.outputs != engine.outputs)
        with m.If(header.magic != int.from_bytes(MAGIC, "little")):
            m.d.comb += fault.eq(Fault.MAGIC)
        with m.Elif(header.version != VERSION):
            m.d.comb += fault.eq(Fault.VERSION)
        with m.Elif(
            (header.unused != 0)
            | (header.instructions == 0)
            | (header.instructions > MAXIMUM_INSTRUCTIONS)
        ):
            m.d.comb += fault.eq(Fault.HEADER)
        with m.Elif(other | larger):
            m.d.comb += fault.eq(Fault.OTHER_ENGINE)
        with m.Elif(header.data_bytes > self.regions.data_bytes):
            m.d.comb += fault.eq(Fault.DATA_BYTES)
        return fault

    def _tokens(self, m: Module, content: Signal, unit: Signal) -> Signal:
        """Count the tokens that are sent and not taken; return whether the instruction lacks one.

        They are counted as it is handed over.
        """
        waits, signals = content.word_select(1, 8), content.word_select(2, 8)
        handed = Signal(name="handed")
        m.d.comb += handed.eq(self.o.valid & self.o.ready)
        lacking = []
        for receiver in Unit:
            missing = []
            for sender in Unit:
                if sender is receiver:
                    continue
                name = f"{sender.name.lower()}_to_{receiver.name.lower()}"
                tokens = Signal(_COUNT, name=name)
                takes = (unit == receiver) & waits[sender]
                sends = (unit == sender) & signals[receiver]
                missing.append(takes & (tokens == 0))
                with m.If(self.start & ~self.busy):
                    m.d.sync += tokens.eq(0)
                with m.Elif(handed & sends):
                    m.d.sync += tokens.eq(tokens + 1)
                with m.Elif(handed & takes):
                    m.d.sync += tokens.eq(tokens - 1)
            lacking.append(Cat(missing).any())
        lacks = Signal(name="lacks_a_token")
        m.d.comb += lacks.eq(Array(lacking)[unit])
        return lacks
