"""The memories on chip: tiles, weights, records and tables, loaded by two units at once."""

from amaranth.hdl import Cat, Module, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Buffer
from bittrue.golden.engine.record import SIZE
from bittrue.golden.errors import UserError
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.engine.load_unit import TABLE_BYTES, loaded_layout
from bittrue.hdl.engine.word_requantizer import RECORD

ENTRY_BITS = 32
"""Of an entry of a table."""

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


class Memories(wiring.Component):
    """Tiles, weights, records, and tables.

    Each pixel has a copy of the tiles and each lane one of the tables, so that all of them read in
    one cycle. What is read is not written in the same cycle: tokens see to it.

    Parameters
    ----------
    engine : EngineConfiguration
        Outputs are a power of two, lanes up to 32.

    Members
    -------
    load_0, load_1 : In(stream.Signature(...))
        Words for the memories; see `hdl.engine.load_unit.loaded_layout`. Both are taken in a cycle
        unless both are for one memory: then in turn.
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
        both, turn = Signal(name="both_for_one"), Signal(name="turn_of_other")
        m.d.comb += [
            both.eq(one.valid & other.valid & (one.payload.buffer == other.payload.buffer)),
            one.ready.eq(~(both & turn)),
            other.ready.eq(~(both & ~turn)),
        ]
        with m.If(both):
            m.d.sync += turn.eq(~turn)
        makers = {
            Buffer.INPUT: self._tiles,
            Buffer.WEIGHT: self._weights,
            Buffer.RECORD: self._records,
            Buffer.TABLE: self._tables,
        }
        for buffer, make in makers.items():
            name = buffer.name.lower()
            mine = Signal(name=f"{name}_is_written")
            address = Signal(32, name=f"{name}_address")
            word = Signal(8 * self.engine.lanes, name=f"{name}_word")
            from_other = Signal(name=f"{name}_from_other")
            wanted = [each.valid & (each.payload.buffer == buffer) for each in (one, other)]
            m.d.comb += [
                from_other.eq(wanted[1] & (~wanted[0] | turn)),
                mine.eq(wanted[0] | wanted[1]),
                address.eq(one.payload.address),
                word.eq(one.payload.word),
            ]
            with m.If(from_other):
                m.d.comb += [address.eq(other.payload.address), word.eq(other.payload.word)]
            make(m, mine, address, word)
        return m

    def _tiles(self, m: Module, mine: Signal, address: Signal, word: Signal) -> None:
        for k, port in enumerate(self.tiles):
            m.submodules[f"tile_{k}"] = tile = Ram(len(word), 1, self.engine.input_words)
            m.d.comb += [
                tile.write.eq(mine),
                tile.write_address.eq(address),
                tile.write_data.eq(word),
                tile.enable.eq(port.enable),
                tile.address.eq(port.address),
                port.data.eq(tile.data),
            ]

    def _weights(self, m: Module, mine: Signal, address: Signal, word: Signal) -> None:
        """Make the memory of rows, of which a word is the weights of one output."""
        outputs, port = self.engine.outputs, self.weights
        m.submodules.weights = memory = Ram(len(word), outputs, self.engine.weight_rows)
        slot = _bits(outputs)
        m.d.comb += [
            memory.write.eq(mine << address[:slot]),
            memory.write_address.eq(address[slot:]),
            memory.write_data.eq(Cat(word for _ in range(outputs))),
            memory.enable.eq(port.enable),
            memory.address.eq(port.address),
            port.data.eq(memory.data),
        ]

    def _records(self, m: Module, mine: Signal, address: Signal, word: Signal) -> None:
        """Make a memory for each lane, where its records lie."""
        lanes, port = self.engine.lanes, self.records
        words = SIZE // lanes
        part, lane = _bits(words), _bits(lanes)
        read: list[Value] = []
        for k in range(lanes):
            memory = Ram(len(word), words, -(-self.engine.records // lanes))
            m.submodules[f"records_{k}"] = memory
            here = mine & (address[part : part + lane] == k)
            m.d.comb += [
                memory.write.eq(here << address[:part] if part else here),
                memory.write_address.eq(address[part + lane :]),
                memory.write_data.eq(Cat(word for _ in range(words))),
                memory.enable.eq(port.enable),
                memory.address.eq(port.address),
            ]
            read.append(memory.data)
        m.d.comb += port.data.eq(Cat(read))

    def _tables(self, m: Module, mine: Signal, address: Signal, word: Signal) -> None:
        """Make the copies, whose words hold one entry or several."""
        entries = len(word) // ENTRY_BITS
        words = self.engine.tables * _ENTRIES // entries
        within = _bits(entries)
        for lane, port in enumerate(self.tables):
            m.submodules[f"tables_{lane}"] = memory = Ram(len(word), 1, words)
            m.d.comb += [
                memory.write.eq(mine),
                memory.write_address.eq(address),
                memory.write_data.eq(word),
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
