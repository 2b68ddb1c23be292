"""What software reads and writes of the engine: regions, control, counters."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.engine.fetch_unit import regions_layout
from bittrue.hdl.engine.register_map import COUNTERS, WRITTEN, Fault, registers
from bittrue.hdl.engine.sequencer import NUMBER
from bittrue.hdl.shell.bus import axi_lite
from bittrue.hdl.shell.interrupts import Interrupts
from bittrue.hdl.shell.register_file import RegisterFile
from bittrue.hdl.shell.register_map import ADDRESS_WIDTH

_WORD = 32
_COUNTED = tuple(name for name in COUNTERS if not name.startswith("cycles"))


def events_layout() -> data.StructLayout:
    """Layout of what is counted: a bit for each counter but the cycles."""
    return data.StructLayout(dict.fromkeys(_COUNTED, 1))


class EngineRegisters(wiring.Component):
    """The registers of an engine behind AXI4-Lite.

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    axi : In(axi_lite)
    irq : Out(1)
    regions : Out(regions_layout())
        Of the program that is executed: as they were when it was started.
    start : Out(1)
        A program is to begin in this cycle; never before the one before it has ended.
    ends : In(1)
        It has ended; `fault` says how.
    fault : In(Fault)
    fault_instruction : In(NUMBER)
    events : In(events_layout())
        What happens in this cycle.

    Counters are cleared by a start and hold their values afterwards; those of bytes count words.
    """

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "axi": In(axi_lite(ADDRESS_WIDTH)),
                "irq": Out(1),
                "regions": Out(regions_layout()),
                "start": Out(1),
                "ends": In(1),
                "fault": In(Fault),
                "fault_instruction": In(NUMBER),
                "events": In(events_layout()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the register file and what it shows."""
        m = Module()
        table = registers(self.engine)
        m.submodules.registers = file = RegisterFile(table)
        m.submodules.interrupts = interrupts = Interrupts(2)
        wiring.connect(m, wiring.flipped(self.axi), file.axi)
        values, written = file.values, file.written
        start, busy = Signal(name="starts"), Signal(name="runs")
        done, error = Signal(name="done"), Signal(name="error")
        failed = self.fault != Fault.NONE
        asked = written.control & file.strobe[0] & file.data[0] & ~busy
        m.d.sync += [start.eq(asked), busy.eq((busy | asked) & ~self.ends)]
        m.d.comb += [
            self.start.eq(start),
            self.irq.eq(interrupts.interrupt),
            interrupts.happens.eq(Cat(self.ends & ~failed, self.ends & failed)),
            interrupts.enables.eq(written.interrupt_enable & file.strobe[0]),
            interrupts.clears.eq(written.interrupt_status & file.strobe[0]),
            interrupts.data.eq(file.data),
            values.control.eq(0),
            values.status.eq(Cat(busy, done, error)),
            values.interrupt_enable.eq(interrupts.enabled),
            values.interrupt_status.eq(interrupts.happened),
            values.fault.eq(self.fault),
            values.fault_instruction.eq(self.fault_instruction),
        ]
        with m.If(asked):
            m.d.sync += [done.eq(0), error.eq(0)]
        with m.Elif(self.ends):
            m.d.sync += [done.eq(~failed), error.eq(failed)]
        for register in table:
            if register.constant is not None:
                m.d.comb += values[register.name].eq(register.constant)
        self._hold_regions(m, file, asked)
        self._count(m, values, start, busy)
        return m

    def _hold_regions(self, m: Module, file: RegisterFile, asked: Signal) -> None:
        """Keep what software writes, and a copy of it from the start on."""
        kept = {name: Signal(_WORD, name=name) for name in WRITTEN}
        for name, register in kept.items():
            m.d.comb += file.values[name].eq(register)
            for byte in range(_WORD // 8):
                with m.If(file.written[name] & file.strobe[byte]):
                    place = slice(8 * byte, 8 * byte + 8)
                    m.d.sync += register[place].eq(file.data[place])
        regions = Signal(regions_layout(), name="regions_of_program")
        m.d.comb += self.regions.eq(regions)
        with m.If(asked):
            m.d.sync += [
                regions.image.eq(Cat(kept["image_low"], kept["image_high"])),
                regions.image_bytes.eq(kept["image_bytes"]),
                regions.data.eq(Cat(kept["data_low"], kept["data_high"])),
                regions.data_bytes.eq(kept["data_bytes"]),
            ]

    def _count(self, m: Module, values: data.View, start: Signal, busy: Signal) -> None:
        shift = (self.engine.lanes - 1).bit_length()
        cycles = Signal(2 * _WORD, name="cycles")
        m.d.comb += [values.cycles_low.eq(cycles[:_WORD]), values.cycles_high.eq(cycles[_WORD:])]
        with m.If(start):
            m.d.sync += cycles.eq(0)
        with m.Elif(busy):
            m.d.sync += cycles.eq(cycles + 1)
        for name in _COUNTED:
            counter = Signal(_WORD, name=name)
            of_words = name.startswith("bytes")
            m.d.comb += values[name].eq(counter << shift if of_words else counter)
            with m.If(start):
                m.d.sync += counter.eq(0)
            with m.Elif(self.events[name] & busy):
                m.d.sync += counter.eq(counter + 1)
