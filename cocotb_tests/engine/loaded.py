"""A unit of the engine with memories, and one stream for what is loaded and what is asked."""

from typing import Any

from amaranth.hdl import Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import SIZE, Instruction
from bittrue.hdl.engine.channel_unit import ChannelUnit
from bittrue.hdl.engine.compute_unit import given
from bittrue.hdl.engine.instruction_fields import COMMON_BYTES, CONTENT_BYTES
from bittrue.hdl.engine.matrix_unit import MatrixUnit
from bittrue.hdl.engine.memories import Memories
from bittrue.hdl.engine.pool_unit import PoolUnit
from bittrue.hdl.engine.record_requantizer import RecordRequantizer
from bittrue.hdl.engine.results import result_layout
from bittrue.hdl.engine.tap_reader import TapReader
from bittrue.hdl.engine.vector_unit import VectorUnit

AnyUnit = MatrixUnit | PoolUnit | VectorUnit | ChannelUnit


def asked_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of what is loaded or asked: ``asks`` for an instruction, otherwise a word is written.

    Words and instructions are cut, as no number of more than 63 bits is streamed.
    """
    return data.StructLayout(
        {
            "asks": 1,
            "buffer": 2,
            "address": 32,
            "word": data.ArrayLayout(8, engine.lanes),
            "instruction": data.ArrayLayout(32, SIZE // 4),
        }
    )


def content_of(instruction: data.View) -> Value:
    """Return the fields of an instruction; see `hdl.engine.instruction_fields`."""
    return instruction.as_value()[8 * COMMON_BYTES : 8 * (COMMON_BYTES + CONTENT_BYTES)]


class Loaded(wiring.Component):
    """Words for the memories, then instructions.

    Parameters
    ----------
    unit : MatrixUnit, PoolUnit, VectorUnit or ChannelUnit
    kinds : type of Instruction
        What it is asked for.

    Members
    -------
    i : In(stream.Signature(...))
        See `asked_layout`.
    o : Out(stream.Signature(...))
        Words.
    requantized : Out(stream.Signature(...))
        Those of a vector unit that need records.
    """

    def __init__(self, unit: AnyUnit, *kinds: type[Instruction]) -> None:
        self.unit = unit
        self.kinds = kinds
        self.engine = unit.engine
        words = stream.Signature(result_layout(self.engine))
        outputs = ["o", "requantized"] if isinstance(unit, VectorUnit) else ["o"]
        asked = stream.Signature(asked_layout(self.engine))
        super().__init__({"i": In(asked), **{name: Out(words) for name in outputs}})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = self.unit
        m.submodules.memories = memories = Memories(self.engine)
        takes: Any = unit
        sums: Any = None
        match unit:
            case MatrixUnit() | PoolUnit():
                m.submodules.reader = takes = reader = TapReader(self.engine)
                wiring.connect(m, reader.o, unit.i)
                wiring.connect(m, reader.weights, memories.weights)
                for one, other in zip(reader.tiles, memories.tiles, strict=True):
                    wiring.connect(m, one, other)
                sums = unit.o if isinstance(unit, MatrixUnit) else None
            case VectorUnit():
                wiring.connect(m, unit.tile, memories.tiles[0])
                for one, other in zip(unit.tables, memories.tables, strict=True):
                    wiring.connect(m, one, other)
                sums = unit.sums
            case ChannelUnit():
                wiring.connect(m, unit.tile, memories.tiles[0])
                wiring.connect(m, unit.table, memories.tables[0])
        if sums is not None:
            m.submodules.requantizer = requantizer = RecordRequantizer(self.engine)
            wiring.connect(m, requantizer.records, memories.records)
            wiring.connect(m, sums, requantizer.i)
            target = self.requantized if isinstance(unit, VectorUnit) else self.o
            wiring.connect(m, requantizer.o, wiring.flipped(target))
        if not isinstance(unit, MatrixUnit):
            wiring.connect(m, unit.o, wiring.flipped(self.o))
        asked = self.i.payload
        write = memories.load_0
        m.d.comb += [
            write.valid.eq(self.i.valid & ~asked.asks),
            write.payload.buffer.eq(asked.buffer),
            write.payload.address.eq(asked.address),
            write.payload.word.eq(asked.word.as_value()),
            takes.i.valid.eq(self.i.valid & asked.asks),
            self.i.ready.eq(Mux(asked.asks, takes.i.ready, write.ready)),
        ]
        for kind in self.kinds:
            with m.If(asked.instruction.as_value()[:8] == kind.OPCODE):
                m.d.comb += given(takes.i.payload, kind, content_of(asked.instruction))
        return m
