"""A load unit and a store unit with one memory between them, as one component."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.engine.axi import axi_read, axi_write
from bittrue.hdl.engine.load_unit import LoadUnit, load_layout
from bittrue.hdl.engine.store_unit import StoreUnit, store_layout


class MemoryToMemory(wiring.Component):
    """Loads go to the memory that stores come from.

    Members
    -------
    load, store : In
        ``<name>_payload`` with a ``valid`` and a ``ready`` each.
    load_done, load_fault, store_done, store_fault : Out
    m_axi_r, m_axi_w : Out
    """

    def __init__(self, engine: EngineConfiguration, longest: int, outstanding: int) -> None:
        self.engine = engine
        self.load_unit = LoadUnit(engine, longest, outstanding)
        self.store_unit = StoreUnit(engine, longest, outstanding)
        super().__init__(
            {
                "load": In(stream.Signature(load_layout())),
                "store": In(stream.Signature(store_layout(engine))),
                "load_done": Out(1),
                "load_fault": Out(2),
                "store_done": Out(1),
                "store_fault": Out(2),
                "m_axi_r": Out(axi_read(engine.lanes)),
                "m_axi_w": Out(axi_write(engine.lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.load = load = self.load_unit
        m.submodules.store = store = self.store_unit
        m.submodules.memory = memory = Ram(8 * self.engine.lanes, 1, self.engine.output_words)
        wiring.connect(m, wiring.flipped(self.m_axi_r), load.bus)
        wiring.connect(m, wiring.flipped(self.m_axi_w), store.bus)
        m.d.comb += [
            load.i.valid.eq(self.load.valid),
            load.i.payload.eq(self.load.payload),
            self.load.ready.eq(load.i.ready),
            store.i.valid.eq(self.store.valid),
            store.i.payload.eq(self.store.payload),
            self.store.ready.eq(store.i.ready),
            self.load_done.eq(load.done),
            self.load_fault.eq(load.fault),
            self.store_done.eq(store.done),
            self.store_fault.eq(store.fault),
            load.o.ready.eq(1),
            memory.write.eq(load.o.valid),
            memory.write_address.eq(load.o.payload.address),
            memory.write_data.eq(load.o.payload.word),
            memory.enable.eq(store.enable),
            memory.address.eq(store.address),
            store.data.eq(memory.data),
        ]
        return m
