"""Everything that computes, and the memories on chip."""

from enum import IntEnum
from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    SIZE,
    GreatestChannel,
    Instruction,
    Matrix,
    Operation,
    Pool,
    Softmax,
    Vector,
)
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.engine.channel_unit import ChannelUnit
from bittrue.hdl.engine.instruction_fields import COMMON_BYTES, CONTENT_BYTES, fields_of
from bittrue.hdl.engine.load_unit import loaded_layout
from bittrue.hdl.engine.matrix_unit import MatrixUnit
from bittrue.hdl.engine.memories import Memories
from bittrue.hdl.engine.pool_unit import PoolUnit
from bittrue.hdl.engine.record_requantizer import RecordRequantizer
from bittrue.hdl.engine.results import result_layout
from bittrue.hdl.engine.tap_reader import TapReader
from bittrue.hdl.engine.vector_unit import VectorUnit

IN_FLIGHT = 8
"""Instructions at most that are begun and have not ended."""


class Way(IntEnum):
    """Which way an instruction goes; those under way at once all go the same one, so in order."""

    MATRIX = 0
    POOL = 1
    VECTOR = 2
    VECTOR_SUMS = 3
    CHANNELS = 4


class ComputeUnit(wiring.Component):
    """Execute what `golden.engine.instruction.Unit.COMPUTE` does.

    Parameters
    ----------
    engine : EngineConfiguration
        Outputs are a power of two, lanes up to 32.
    multiplier : Multiplier
        What multiplies in the array; requantizers take 25 x 18 bits where it is DSP48E1.

    Members
    -------
    i : In(stream.Signature(512))
        Instructions as the program has them, byte 0 in the lowest bits: `Matrix`, `Pool`,
        `Vector`, `Softmax`, `GreatestChannel`; sizes are not 0. They are executed in order, up to
        `IN_FLIGHT` at once.
    load_0, load_1 : In(stream.Signature(...))
        Words for the memories; see `hdl.engine.memories.Memories`.
    enable, address, data
        Of the output memory: it is read at the next clock edge where `enable` is set, and holds
        its word otherwise.
    done : Out(1)
        Whether, since this cycle, all that the earliest instruction under way writes can be read,
        and what it reads may be written.
    busy : Out(1)
        Whether an instruction is under way.

    Addresses beyond a memory wrap or read anything.
    """

    def __init__(
        self, engine: EngineConfiguration, multiplier: Multiplier = Multiplier.DSP
    ) -> None:
        self.engine = engine
        self.multiplier = multiplier
        super().__init__(
            {
                "i": In(stream.Signature(8 * SIZE)),
                "load_0": In(stream.Signature(loaded_layout(engine))),
                "load_1": In(stream.Signature(loaded_layout(engine))),
                "enable": In(1),
                "address": In(range(engine.output_words)),
                "data": Out(8 * engine.lanes),
                "done": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build units, memories, and what leads instructions and words between them."""
        m = Module()
        engine = self.engine
        m.submodules.memories = memories = Memories(engine)
        m.submodules.reader = reader = TapReader(engine)
        m.submodules.matrix = matrix = MatrixUnit(engine, self.multiplier)
        m.submodules.pool = pool = PoolUnit(engine)
        m.submodules.vector = vector = VectorUnit(engine)
        m.submodules.channels = channels = ChannelUnit(engine)
        m.submodules.requantizer = requantizer = RecordRequantizer(
            engine, long=self.multiplier is Multiplier.PACKED_DSP48E1
        )
        wiring.connect(m, wiring.flipped(self.load_0), memories.load_0)
        wiring.connect(m, wiring.flipped(self.load_1), memories.load_1)
        way = Signal(range(len(Way)), name="way")
        result = stream.Signature(result_layout(engine)).create(path=("result",))
        takes_taps = {Way.MATRIX: matrix.i, Way.POOL: pool.i}
        gives_sums = {Way.MATRIX: matrix.o, Way.VECTOR_SUMS: vector.sums}
        gives_results = {
            Way.MATRIX: requantizer.o,
            Way.VECTOR_SUMS: requantizer.o,
            Way.POOL: pool.o,
            Way.VECTOR: vector.o,
            Way.CHANNELS: channels.o,
        }
        for each in takes_taps.values():
            m.d.comb += each.payload.eq(reader.o.payload)
        with m.Switch(way):
            for case, taken in takes_taps.items():
                with m.Case(case):
                    m.d.comb += [taken.valid.eq(reader.o.valid), reader.o.ready.eq(taken.ready)]
        for ways, given in ((gives_sums, requantizer.i), (gives_results, result)):
            with m.Switch(way):
                for case, source in ways.items():
                    with m.Case(case):
                        m.d.comb += [
                            given.payload.eq(source.payload),
                            given.valid.eq(source.valid),
                            source.ready.eq(given.ready),
                        ]
        self._dispatch(m, way, result, reader, vector, channels)
        self._read(m, way, memories, reader, vector, channels)
        wiring.connect(m, requantizer.records, memories.records)
        wiring.connect(m, reader.weights, memories.weights)
        m.submodules.output = output = Ram(8 * engine.lanes, 1, engine.output_words)
        m.d.comb += [
            result.ready.eq(1),
            output.write.eq(result.valid),
            output.write_address.eq(result.payload.address),
            output.write_data.eq(result.payload.codes.as_value()),
            output.enable.eq(self.enable),
            output.address.eq(self.address),
            self.data.eq(output.data),
        ]
        return m

    def _dispatch(
        self,
        m: Module,
        way: Signal,
        result: Any,
        reader: TapReader,
        vector: VectorUnit,
        channels: ChannelUnit,
    ) -> None:
        """Let an instruction begin where its way is free, and count those that have not ended."""
        opcode, content = self.i.payload[:8], self.i.payload[8 * COMMON_BYTES :]
        content = content[: 8 * CONTENT_BYTES]
        wanted = Signal(range(len(Way)), name="wanted")
        under_way = Signal(range(IN_FLIGHT + 1), name="under_way")
        free, begins, ends = Signal(name="free"), Signal(name="begins"), Signal(name="ends")
        m.d.comb += [
            free.eq(is_free(way, wanted, under_way)),
            begins.eq(self.i.valid & self.i.ready),
            ends.eq(result.valid & result.payload.end),
            self.busy.eq(under_way != 0),
        ]
        m.d.sync += under_way.eq(under_way + begins - ends)
        self._tell(m, ends)
        with m.If(begins):
            m.d.sync += way.eq(wanted)
        for kind, target in (
            (Matrix, reader),
            (Pool, reader),
            (Vector, vector),
            (Softmax, channels),
            (GreatestChannel, channels),
        ):
            with m.If(opcode == kind.OPCODE):
                m.d.comb += [
                    target.i.payload.eq(0),
                    *given(target.i.payload, kind, content),
                    target.i.valid.eq(self.i.valid & free),
                    self.i.ready.eq(target.i.ready & free),
                    wanted.eq(way_of(kind, content)),
                ]

    def _tell(self, m: Module, ends: Value) -> None:
        """Tell the end of an instruction in the cycle after its last word was written."""
        m.d.sync += self.done.eq(ends)

    def _read(
        self,
        m: Module,
        way: Signal,
        memories: Memories,
        reader: TapReader,
        vector: VectorUnit,
        channels: ChannelUnit,
    ) -> None:
        """Lead the ports of the tiles and tables to whoever is under way."""
        for tile, port in zip(reader.tiles, memories.tiles, strict=True):
            m.d.comb += [
                port.enable.eq(tile.enable),
                port.address.eq(tile.address),
                tile.data.eq(port.data),
            ]
        for lane, port in zip(vector.tables, memories.tables, strict=True):
            m.d.comb += [
                port.enable.eq(lane.enable),
                port.address.eq(lane.address),
                lane.data.eq(port.data),
            ]
        first, table = memories.tiles[0], memories.tables[0]
        m.d.comb += [
            vector.tile.data.eq(first.data),
            channels.tile.data.eq(first.data),
            channels.table.data.eq(table.data),
        ]
        with m.Switch(way):
            with m.Case(Way.VECTOR, Way.VECTOR_SUMS):
                m.d.comb += [
                    first.enable.eq(vector.tile.enable),
                    first.address.eq(vector.tile.address),
                ]
            with m.Case(Way.CHANNELS):
                m.d.comb += [
                    first.enable.eq(channels.tile.enable),
                    first.address.eq(channels.tile.address),
                    table.enable.eq(channels.table.enable),
                    table.address.eq(channels.table.address),
                ]


def is_free(way: Value, wanted: Value, under_way: Value) -> Value:
    """Return whether an instruction that wants a way may begin."""
    return (under_way == 0) | ((way == wanted) & (under_way != IN_FLIGHT))


def way_of(kind: type[Instruction], content: Value) -> ValueLike:
    """Return the way of an instruction of a kind."""
    if kind is Vector:
        operation = fields_of(Vector, content).operation
        sums = (operation == Operation.ADD) | (operation == Operation.MULTIPLY)
        return Mux(sums, Way.VECTOR_SUMS, Way.VECTOR)
    return {
        Matrix: Way.MATRIX,
        Pool: Way.POOL,
        Softmax: Way.CHANNELS,
        GreatestChannel: Way.CHANNELS,
    }[kind]


def given(payload: Any, kind: type[Instruction], content: Value) -> list[Any]:
    """Return the statements that give a unit the fields of an instruction of a kind.

    Parameters
    ----------
    payload : data.View
        What the unit takes; its other members keep what they have.
    kind : type
    content : Value
        See `hdl.engine.instruction_fields`.
    """
    fields = fields_of(kind, content)
    names = {name for name, _ in payload.shape()} & {name for name, _ in fields.shape()}
    others = {
        Pool: {"words": 1, "passes": 1, "by_plane": 1},
        Softmax: {"softmax": 1},
    }.get(kind, {})
    return [
        *(payload[name].eq(fields[name]) for name in sorted(names)),
        *(payload[name].eq(value) for name, value in others.items()),
    ]
