"""The whole engine: registers, fetch, units and their tokens, behind AXI."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import SIZE, Buffer, Instruction, Load, Region, Store, Unit
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.engine import load_unit
from bittrue.hdl.engine.axi import axi_read, axi_write
from bittrue.hdl.engine.compute_unit import IN_FLIGHT, ComputeUnit
from bittrue.hdl.engine.engine_registers import EngineRegisters
from bittrue.hdl.engine.fetch_unit import FetchUnit
from bittrue.hdl.engine.instruction_fields import COMMON_BYTES, content_layout
from bittrue.hdl.engine.load_unit import LoadUnit, words_of
from bittrue.hdl.engine.register_map import Fault
from bittrue.hdl.engine.sequencer import Sequencer
from bittrue.hdl.engine.store_unit import StoreUnit
from bittrue.hdl.shell.bus import axi_lite
from bittrue.hdl.shell.register_map import ADDRESS_WIDTH

_TRANSFER = ("address", "run", "row_stride", "plane_stride", "rows", "planes")


class Engine(wiring.Component):
    """Execute programs from memory.

    Parameters
    ----------
    engine : EngineConfiguration
        Outputs are a power of two, lanes up to 32.
    longest : int
        Words of a burst; see `hdl.engine.burst_walker.BurstWalker`.
    outstanding : int
        Bursts of a port that are asked for before they have been answered.
    multiplier : Multiplier
        What multiplies in the array.

    Members
    -------
    s_axi : In(axi_lite)
        Registers; see `hdl.engine.register_map`.
    irq : Out(1)
    m_axi_program : Out(axi_read)
        Reads the program's instructions.
    m_axi_load_0, m_axi_load_1 : Out(axi_read)
        Read tensors and constants.
    m_axi_store : Out(axi_write)
        Writes tensors.

    A fault stops everything: no instruction begins any more, and when those that have begun are
    ended, the fault is told. Nothing outside the two regions is read or written.
    """

    def __init__(
        self,
        engine: EngineConfiguration,
        longest: int = 16,
        outstanding: int = 16,
        multiplier: Multiplier = Multiplier.DSP,
    ) -> None:
        self.engine = engine
        self.longest = longest
        self.outstanding = outstanding
        self.multiplier = multiplier
        super().__init__(
            {
                "s_axi": In(axi_lite(ADDRESS_WIDTH)),
                "irq": Out(1),
                "m_axi_program": Out(axi_read(engine.lanes)),
                "m_axi_load_0": Out(axi_read(engine.lanes)),
                "m_axi_load_1": Out(axi_read(engine.lanes)),
                "m_axi_store": Out(axi_write(engine.lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the units, and between them the ways of instructions, tokens and words."""
        m = Module()
        engine = self.engine
        m.submodules.registers = control = EngineRegisters(engine)
        m.submodules.fetch = fetch = FetchUnit(engine, self.longest)
        m.submodules.compute = compute = ComputeUnit(engine, self.multiplier)
        loads = [LoadUnit(engine, self.longest, self.outstanding) for _ in range(2)]
        m.submodules.load_0, m.submodules.load_1 = loads
        m.submodules.store = store = StoreUnit(engine, self.longest, self.outstanding)
        wiring.connect(m, wiring.flipped(self.s_axi), control.axi)
        wiring.connect(m, wiring.flipped(self.m_axi_program), fetch.bus)
        wiring.connect(m, wiring.flipped(self.m_axi_load_0), loads[0].bus)
        wiring.connect(m, wiring.flipped(self.m_axi_load_1), loads[1].bus)
        wiring.connect(m, wiring.flipped(self.m_axi_store), store.bus)
        load_bits, store_bits = _content_bits(Load), _content_bits(Store)
        sequencers = {
            Unit.LOAD_0: Sequencer(load_bits),
            Unit.LOAD_1: Sequencer(load_bits),
            Unit.COMPUTE: Sequencer(8 * SIZE, in_flight=IN_FLIGHT),
            Unit.STORE: Sequencer(store_bits),
        }
        for unit, sequencer in sequencers.items():
            m.submodules[f"{unit.name.lower()}_sequencer"] = sequencer
        self._dispatch(m, fetch, sequencers)
        self._exchange_tokens(m, sequencers)

        strays = []
        for unit, load, to in zip(
            (Unit.LOAD_0, Unit.LOAD_1), loads, (compute.load_0, compute.load_1), strict=True
        ):
            sequencer = sequencers[unit]
            self._give_load(m, sequencer, load, control.regions)
            strays.append(self._pass_words(m, load, to))
            m.d.comb += sequencer.done.eq(load.done)
        self._give_store(m, sequencers[Unit.STORE], store, control.regions)
        taking = sequencers[Unit.COMPUTE]
        m.d.comb += [
            compute.i.valid.eq(taking.o.valid),
            compute.i.payload.eq(taking.o.payload),
            taking.o.ready.eq(compute.i.ready),
            taking.done.eq(compute.done),
            sequencers[Unit.STORE].done.eq(store.done),
            compute.enable.eq(store.enable),
            compute.address.eq(store.address),
            store.data.eq(compute.data),
            fetch.regions.eq(control.regions),
            self.irq.eq(control.irq),
        ]
        self._run(m, control, fetch, sequencers, [*loads, store], strays)
        self._count(m, control.events, fetch, sequencers, loads, store)
        return m

    def _dispatch(self, m: Module, fetch: FetchUnit, sequencers: dict[Unit, Sequencer]) -> None:
        """Hand fetched instructions to the queue of their unit."""
        given = fetch.o.payload
        for unit, sequencer in sequencers.items():
            mine = given.unit == unit
            bits = sequencer.width
            first = 0 if bits == 8 * SIZE else 8 * COMMON_BYTES
            m.d.comb += [
                sequencer.i.valid.eq(fetch.o.valid & mine),
                sequencer.i.payload.waits.eq(given.content.word_select(1, 8)),
                sequencer.i.payload.signals.eq(given.content.word_select(2, 8)),
                sequencer.i.payload.number.eq(given.number),
                sequencer.i.payload.content.eq(given.content[first : first + bits]),
            ]
            with m.If(mine):
                m.d.comb += fetch.o.ready.eq(sequencer.i.ready)

    def _exchange_tokens(self, m: Module, sequencers: dict[Unit, Sequencer]) -> None:
        for receiver, sequencer in sequencers.items():
            for sender, other in sequencers.items():
                m.d.comb += sequencer.sent[sender].eq(other.sends[receiver])

    def _give_load(self, m: Module, sequencer: Sequencer, load: LoadUnit, regions: Any) -> None:
        given = _view(Load, sequencer.o.payload)
        to = load.i.payload
        in_data = given.region == Region.DATA
        m.d.comb += [
            load.i.valid.eq(sequencer.o.valid),
            sequencer.o.ready.eq(load.i.ready),
            *(getattr(to.transfer, name).eq(getattr(given, name)) for name in _TRANSFER),
            to.transfer.base.eq(Mux(in_data, regions.data, regions.image)),
            to.transfer.size.eq(Mux(in_data, regions.data_bytes, regions.image_bytes)),
            to.destination.eq(given.destination),
            to.buffer.eq(given.buffer),
            to.recentre.eq(given.recentre != 0),
        ]

    def _give_store(self, m: Module, sequencer: Sequencer, store: StoreUnit, regions: Any) -> None:
        given = _view(Store, sequencer.o.payload)
        to = store.i.payload
        m.d.comb += [
            store.i.valid.eq(sequencer.o.valid),
            sequencer.o.ready.eq(store.i.ready),
            *(getattr(to.transfer, name).eq(getattr(given, name)) for name in _TRANSFER),
            to.transfer.base.eq(regions.data),
            to.transfer.size.eq(regions.data_bytes),
            to.source.eq(given.source),
            to.recentre.eq(given.recentre != 0),
        ]

    def _pass_words(self, m: Module, load: LoadUnit, to: Any) -> Signal:
        """Hand loaded words on, but for those beyond the end of their memory; return of which."""
        engine, word = self.engine, load.o.payload
        strays = Signal(name="strays")
        sizes = {
            Buffer.INPUT: engine.input_words,
            Buffer.WEIGHT: engine.weight_rows,
            Buffer.RECORD: engine.records,
            Buffer.TABLE: engine.tables,
        }
        with m.Switch(word.buffer):
            for buffer, size in sizes.items():
                with m.Case(buffer):
                    m.d.comb += strays.eq(word.address >= size * words_of(engine, buffer))
        m.d.comb += [
            to.valid.eq(load.o.valid & ~strays),
            to.payload.eq(word),
            load.o.ready.eq(to.ready | strays),
        ]
        return strays & load.o.valid

    def _run(
        self,
        m: Module,
        control: EngineRegisters,
        fetch: FetchUnit,
        sequencers: dict[Unit, Sequencer],
        movers: list[Any],
        strays: list[Value],
    ) -> None:
        """Start, stop at the end or at a fault, and tell which."""
        fault, number = Signal(Fault, name="fault"), Signal(fetch.number.shape(), name="number")
        failed = Signal(name="failed")
        m.d.comb += [
            failed.eq(fault != Fault.NONE),
            control.fault.eq(fault),
            control.fault_instruction.eq(number),
            fetch.halt.eq(failed),
        ]
        moving = [sequencers[unit] for unit in (Unit.LOAD_0, Unit.LOAD_1, Unit.STORE)]
        empty = Cat(sequencer.empty for sequencer in sequencers.values()).all()
        resting = ~Cat(sequencer.begun for sequencer in sequencers.values()).any() & ~fetch.busy
        clear = Signal(name="clear")
        for sequencer in sequencers.values():
            m.d.comb += [sequencer.halt.eq(failed), sequencer.clear.eq(clear)]
        with m.FSM():
            with m.State("IDLE"), m.If(control.start):
                m.d.comb += [clear.eq(1), fetch.start.eq(1)]
                m.d.sync += [fault.eq(Fault.NONE), number.eq(0)]
                m.next = "RUN"
            with m.State("RUN"):
                with m.If(~failed):
                    with m.If(fetch.fault != Fault.NONE):
                        m.d.sync += [fault.eq(fetch.fault), number.eq(fetch.number)]
                    for sequencer, mover in zip(moving, movers, strict=True):
                        with m.If(mover.done & (mover.fault != load_unit.Fault.NONE)):
                            of_region = mover.fault == load_unit.Fault.REGION
                            m.d.sync += [
                                fault.eq(Mux(of_region, Fault.REGION, Fault.RESPONSE)),
                                number.eq(sequencer.ending),
                            ]
                    for sequencer, stray in zip(moving[:2], strays, strict=True):
                        with m.If(stray):
                            m.d.sync += [fault.eq(Fault.MEMORY), number.eq(sequencer.ending)]
                with m.If(resting & (empty | failed)):
                    m.next = "END"
            with m.State("END"):
                m.d.comb += control.ends.eq(1)
                m.next = "IDLE"

    def _count(
        self,
        m: Module,
        events: Any,
        fetch: FetchUnit,
        sequencers: dict[Unit, Sequencer],
        loads: list[LoadUnit],
        store: StoreUnit,
    ) -> None:
        """Tell the counters what happens."""
        for unit, sequencer in sequencers.items():
            name = unit.name.lower()
            m.d.comb += [
                events[f"busy_{name}"].eq(sequencer.begun),
                events[f"waits_{name}"].eq(sequencer.waits),
            ]
        m.d.comb += [
            events.instructions.eq(fetch.o.valid & fetch.o.ready),
            events.bytes_program.eq(fetch.reads),
            events.bytes_load_0.eq(loads[0].o.valid & loads[0].o.ready),
            events.bytes_load_1.eq(loads[1].o.valid & loads[1].o.ready),
            events.bytes_store.eq(store.bus.wvalid & store.bus.wready),
        ]


def _content_bits(kind: type[Instruction]) -> int:
    """Return how many bits of a kind's ``content`` have fields."""
    return max(field.offset + field.width for _, field in content_layout(kind))


def _view(kind: type[Instruction], content: Value) -> Any:
    fields = dict(content_layout(kind))
    return data.View(data.FlexibleLayout(_content_bits(kind), fields), content)
