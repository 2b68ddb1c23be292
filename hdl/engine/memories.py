"""The memories on chip: tiles, weights, records and tables, loaded by two units at once."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Buffer
from bittrue.golden.engine.record import SIZE
from bittrue.golden.errors import UserError
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.engine.load_unit import TABLE_BYTES, loaded_layout
from bittrue.hdl.engine.word_requantizer import RECORD

ENTRY_BITS = 32
"""Of an entry of a table."""

_BANKS = 2
"""Memories that a copy of the tiles consists of."""

_ENTRIES = 8 * TABLE_BYTES // ENTRY_BITS


def read_port(words: int, bits: int) -> wiring.Signature:
    """Return the port of what reads words of some bits.

    Members: ``enable``: a word is read at the next clock edge, otherwise `data` holds; ``address``;
    ``data``, one cycle later.
    """
    return wiring.Signature(
        {"enable": Out(1), "address": Out(range(max(words, 2))), "data": In(bits)}
    )


def tile_port(engine: EngineConfiguration) -> wiring.Signature:
    """Return the port of what reads words of the input memory."""
    return read_port(engine.input_words, 8 * engine.lanes)


def weight_port(engine: EngineConfiguration) -> wiring.Signature:
    """Return the port of what reads rows of the weight memory."""
    return read_port(engine.weight_rows, 8 * engine.row_bytes)


def record_port(engine: EngineConfiguration) -> wiring.Signature:
    """Return the port of what reads records for all lanes, those of each multiple of the lanes."""
    return read_port(-(-engine.records // engine.lanes), RECORD.size * engine.lanes)


def table_port(engine: EngineConfiguration) -> wiring.Signature:
    """Return the port of what reads entries: the number of a table times 256, and the index."""
    return read_port(engine.tables * _ENTRIES, ENTRY_BITS)


class _Written(NamedTuple):
    """A word that a memory takes: whether now, its address, and its bits."""

    now: Signal
    address: Signal
    word: Signal


class Memories(wiring.Component):
    """Tiles, weights, records, and tables.

    Each pixel has a copy of the tiles and each lane one of the tables, so that all of them read in
    one cycle. A copy of the tiles is two memories, of even and of odd addresses. What is read is
    not written in the same cycle: tokens see to it.

    Parameters
    ----------
    engine : EngineConfiguration
        Outputs are a power of two, lanes up to 32.

    Members
    -------
    load_0, load_1 : In(stream.Signature(...))
        Words for the memories; see `hdl.engine.load_unit.loaded_layout`. Both are taken in a cycle
        unless both are for one memory: then in turn. Tiles are two, weights one for each output.
    tiles : In(read_port), one for each pixel
    weights, records : In(read_port)
    tables : In(read_port), one for each lane
    """

    def __init__(self, engine: EngineConfiguration) -> None:
        if engine.outputs & (engine.outputs - 1) or engine.lanes > SIZE:
            raise UserError(
                f"outputs are {engine.outputs} and lanes {engine.lanes}; allowed: a power of two, "
                f"and up to {SIZE}"
            )
        self.engine = engine
        super().__init__(
            {
                "load_0": In(stream.Signature(loaded_layout(engine))),
                "load_1": In(stream.Signature(loaded_layout(engine))),
                "tiles": In(tile_port(engine)).array(engine.pixels),
                "weights": In(weight_port(engine)),
                "records": In(record_port(engine)),
                "tables": In(table_port(engine)).array(engine.lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memories, and of each what chooses whose word it takes."""
        m = Module()
        one, other = self.load_0, self.load_1
        conflict, turn = Signal(name="both_for_one"), Signal(name="turn_of_other")
        m.d.comb += [
            conflict.eq(one.valid & other.valid & self._meet(one.payload, other.payload)),
            one.ready.eq(~(conflict & turn)),
            other.ready.eq(~(conflict & ~turn)),
        ]
        with m.If(conflict):
            m.d.sync += turn.eq(~turn)
        self._tiles(
            m, [self._written(m, f"tile_{k}", turn, Buffer.INPUT, k) for k in range(_BANKS)]
        )
        for k in range(self.engine.outputs):
            self._weights(m, k, self._written(m, f"weight_{k}", turn, Buffer.WEIGHT, k))
        self._records(m, self._written(m, "record", turn, Buffer.RECORD))
        self._tables(m, self._written(m, "table", turn, Buffer.TABLE))
        return m

    def _slots(self, buffer: Buffer) -> int:
        """Return of how many memories a buffer is made, which words lie in by turns."""
        return {Buffer.INPUT: _BANKS, Buffer.WEIGHT: self.engine.outputs}.get(buffer, 1)

    def _slot(self, payload: data.View, buffer: Buffer) -> Value:
        """Return in which of a buffer's memories a word lies."""
        return payload.address[: _bits(self._slots(buffer))]

    def _meet(self, one: data.View, other: data.View) -> Value:
        """Return whether two words are for one memory."""
        apart = [
            (one.buffer == buffer) & (self._slot(one, buffer) != self._slot(other, buffer))
            for buffer in Buffer
            if self._slots(buffer) > 1
        ]
        return (one.buffer == other.buffer) & ~Cat(apart).any()

    def _written(
        self, m: Module, name: str, turn: Value, buffer: Buffer, slot: int | None = None
    ) -> "_Written":
        """Choose between the words of both units for one memory."""
        written = _Written(
            Signal(name=f"{name}_is_written"),
            Signal(32, name=f"{name}_address"),
            Signal(8 * self.engine.lanes, name=f"{name}_word"),
        )
        wants = []
        for unit in (self.load_0, self.load_1):
            mine = unit.valid & (unit.payload.buffer == buffer)
            if slot is not None:
                mine = mine & (self._slot(unit.payload, buffer) == slot)
            wants.append(mine)
        one, other = self.load_0.payload, self.load_1.payload
        takes_other = Signal(name=f"{name}_from_other")
        m.d.comb += [
            takes_other.eq(wants[1] & (~wants[0] | turn)),
            written.now.eq(wants[0] | wants[1]),
            written.address.eq(Mux(takes_other, other.address, one.address)),
            written.word.eq(Mux(takes_other, other.word, one.word)),
        ]
        return written

    def _tiles(self, m: Module, banks: list["_Written"]) -> None:
        """Make a copy for each pixel: of words with even addresses, and of the others."""
        words, within = self.engine.input_words, _bits(_BANKS)
        for k, port in enumerate(self.tiles):
            bank = Signal(within, name=f"bank_of_{k}")
            with m.If(port.enable):
                m.d.sync += bank.eq(port.address[:within])
            for number, written in enumerate(banks):
                tile = Ram(len(written.word), 1, -(-words // _BANKS))
                m.submodules[f"tile_{k}_{number}"] = tile
                m.d.comb += [
                    tile.write.eq(written.now),
                    tile.write_address.eq(written.address[within:]),
                    tile.write_data.eq(written.word),
                    tile.enable.eq(port.enable),
                    tile.address.eq(port.address[within:]),
                ]
                with m.If(bank == number):
                    m.d.comb += port.data.eq(tile.data)

    def _weights(self, m: Module, slot: int, written: "_Written") -> None:
        """Make the memory of one output's weights, a word of every row."""
        bits, port = len(written.word), self.weights
        memory = Ram(bits, 1, self.engine.weight_rows)
        m.submodules[f"weights_{slot}"] = memory
        m.d.comb += [
            memory.write.eq(written.now),
            memory.write_address.eq(written.address[_bits(self.engine.outputs) :]),
            memory.write_data.eq(written.word),
            memory.enable.eq(port.enable),
            memory.address.eq(port.address),
            port.data.word_select(slot, bits).eq(memory.data),
        ]

    def _records(self, m: Module, written: "_Written") -> None:
        """Make a memory for each lane, where its records lie."""
        lanes, port = self.engine.lanes, self.records
        words = SIZE // lanes
        part, lane = _bits(words), _bits(lanes)
        read: list[Value] = []
        for k in range(lanes):
            depth = -(-self.engine.records // lanes)
            # Wide and shallow: as block RAMs they would be mostly empty.
            memory = Ram(len(written.word), words, depth, memory=Memory.LOGIC)
            m.submodules[f"records_{k}"] = memory
            here = written.now & (written.address[part : part + lane] == k)
            m.d.comb += [
                memory.write.eq(here << written.address[:part] if part else here),
                memory.write_address.eq(written.address[part + lane :]),
                memory.write_data.eq(Cat(written.word for _ in range(words))),
                memory.enable.eq(port.enable),
                memory.address.eq(port.address),
            ]
            read.append(memory.data)
        m.d.comb += port.data.eq(Cat(read))

    def _tables(self, m: Module, written: "_Written") -> None:
        """Make the copies, whose words hold one entry or several."""
        entries = len(written.word) // ENTRY_BITS
        words = self.engine.tables * _ENTRIES // entries
        within = _bits(entries)
        for lane, port in enumerate(self.tables):
            m.submodules[f"tables_{lane}"] = memory = Ram(len(written.word), 1, words)
            m.d.comb += [
                memory.write.eq(written.now),
                memory.write_address.eq(written.address),
                memory.write_data.eq(written.word),
                memory.enable.eq(port.enable),
                memory.address.eq(port.address[within:]),
            ]
            if not within:
                m.d.comb += port.data.eq(memory.data)
                continue
            chosen = Signal(Shape(within), name=f"entry_{lane}")
            with m.If(port.enable):
                m.d.sync += chosen.eq(port.address[:within])
            with m.Switch(chosen):
                for k in range(entries):
                    with m.Case(k):
                        m.d.comb += port.data.eq(memory.data.word_select(k, ENTRY_BITS))


def _bits(count: int) -> int:
    """Return the bits of an address among so many, a power of two."""
    return (count - 1).bit_length()
