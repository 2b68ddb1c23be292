"""The compute unit with two streams of what is loaded, asked and read, and one of what is read."""

from enum import IntEnum

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import SIZE
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.engine.compute_unit import IN_FLIGHT, ComputeUnit


class Command(IntEnum):
    """What a beat asks for."""

    LOAD = 0
    EXECUTE = 1
    READ = 2


def command_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a command; see `Command`.

    ``address`` of the memory that is loaded, or of the output memory that is read.
    """
    return data.StructLayout(
        {
            "command": range(len(Command)),
            "buffer": 2,
            "address": 32,
            "word": data.ArrayLayout(8, engine.lanes),
            "instruction": data.ArrayLayout(32, SIZE // 4),
        }
    )


def load_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of what the second stream loads."""
    return data.StructLayout(
        {"buffer": 2, "address": 32, "word": data.ArrayLayout(8, engine.lanes)}
    )


class Commanded(wiring.Component):
    """Loads by two ports, instructions, and reads once they are done.

    Parameters
    ----------
    unit : ComputeUnit
    loads : int
        Words that the second stream loads before the first instruction begins.

    Members
    -------
    i : In(stream.Signature(...))
        See `command_layout`.
    loaded : In(stream.Signature(...))
        See `load_layout`.
    o : Out(stream.Signature(...))
        Words that were read.
    """

    def __init__(self, unit: ComputeUnit, loads: int) -> None:
        self.unit = unit
        self.loads = loads
        engine = unit.engine
        super().__init__(
            {
                "i": In(stream.Signature(command_layout(engine))),
                "loaded": In(stream.Signature(load_layout(engine))),
                "o": Out(stream.Signature(data.ArrayLayout(8, engine.lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = self.unit
        given, other = self.i.payload, self.loaded.payload
        loaded = Signal(range(self.loads + 1), name="loads_seen")
        waited = Signal(range(IN_FLIGHT + 2), name="waited_for")
        begins, idle = Signal(name="begins"), Signal(name="idle")
        m.d.comb += [
            unit.load_1.valid.eq(self.loaded.valid),
            unit.load_1.payload.buffer.eq(other.buffer),
            unit.load_1.payload.address.eq(other.address),
            unit.load_1.payload.word.eq(other.word.as_value()),
            self.loaded.ready.eq(unit.load_1.ready),
            unit.load_0.payload.buffer.eq(given.buffer),
            unit.load_0.payload.address.eq(given.address),
            unit.load_0.payload.word.eq(given.word.as_value()),
            unit.i.payload.eq(given.instruction.as_value()),
            begins.eq(unit.i.valid & unit.i.ready),
            # In the very cycle in which the unit says so.
            idle.eq(waited == unit.done),
        ]
        with m.If(self.loaded.valid & self.loaded.ready & (loaded != self.loads)):
            m.d.sync += loaded.eq(loaded + 1)
        m.d.sync += waited.eq(waited + begins - unit.done)
        asked = stream.Signature(0).create(path=("asked",))
        reading = Pipeline(m, platform, asked, self.o, 1)
        m.d.comb += [
            unit.enable.eq(reading.advance),
            unit.address.eq(given.address),
            self.o.payload.as_value().eq(unit.data),
        ]
        with m.Switch(given.command):
            with m.Case(Command.LOAD):
                m.d.comb += [
                    unit.load_0.valid.eq(self.i.valid),
                    self.i.ready.eq(unit.load_0.ready),
                ]
            with m.Case(Command.EXECUTE):
                m.d.comb += [
                    unit.i.valid.eq(self.i.valid & (loaded == self.loads)),
                    self.i.ready.eq(unit.i.ready & (loaded == self.loads)),
                ]
            with m.Case(Command.READ):
                m.d.comb += [
                    asked.valid.eq(self.i.valid & idle),
                    self.i.ready.eq(asked.ready & idle),
                ]
        return m
