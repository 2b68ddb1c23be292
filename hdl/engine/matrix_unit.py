"""Products with weights: tiles and constants on chip, the array, and requantized words."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.record import SIZE
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.engine.window_walker import WindowWalker, group_layout, window_layout
from bittrue.hdl.engine.word_requantizer import RECORD, WordRequantizer
from bittrue.hdl.units.mac import Mac

_LONGEST_SUM = 1 << 16
"""Products of a sum, beyond which sums are right modulo 2**32, as the engine defines them."""

_GROUPS = 16
"""Groups of pixels between walk and results; each takes a step at least."""

INPUT, WEIGHT, RECORDS = range(3)
"""Memories that are written, as `golden.engine.instruction.Buffer` numbers them."""


def write_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a word that is loaded.

    Members: ``buffer``, one of the memories; ``address``, its word there, of `lanes` bytes;
    ``word``.
    """
    words = max(
        engine.input_words,
        engine.weight_rows * engine.outputs,
        engine.records * (SIZE // engine.lanes),
    )
    return data.StructLayout({"buffer": 2, "address": range(words), "word": 8 * engine.lanes})


def result_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a word that is made.

    Members: ``address`` in the output memory; ``codes``; ``end``, whether it is the last of its
    instruction.
    """
    return data.StructLayout(
        {
            "address": range(engine.output_words),
            "codes": data.ArrayLayout(signed(8), engine.lanes),
            "end": 1,
        }
    )


class MatrixUnit(wiring.Component):
    """Multiply windows of a tile with weights, add, and requantize.

        codes = what `golden.engine.execute` writes for a `golden.engine.instruction.Matrix`

    Parameters
    ----------
    engine : EngineConfiguration
        Outputs are a power of two, lanes up to 32.
    multiplier : Multiplier
        What multiplies.

    Members
    -------
    write : In(stream.Signature(...))
        Words for the memories; see `write_layout`. Always ready. What an instruction reads is
        written before it is given, and not again until its last word has left.
    i : In(stream.Signature(...))
        Instructions; see `hdl.engine.window_walker.window_layout`. `records` is a multiple of the
        lanes.
    o : Out(stream.Signature(...))
        Words for the output memory, pixel by pixel and in each the planes; see `result_layout`.

    One step of `pixels * lanes * outputs` products per cycle, and one word per cycle, whichever
    takes longer for a group of pixels. Each pixel has a copy of the tile, so that all read in one
    cycle; the array holds while results wait. Sums are 32 bits wide, modulo 2**32.
    """

    def __init__(
        self, engine: EngineConfiguration, multiplier: Multiplier = Multiplier.DSP
    ) -> None:
        if engine.outputs & (engine.outputs - 1) or engine.lanes > SIZE:
            raise UserError(
                f"outputs are {engine.outputs} and lanes {engine.lanes}; allowed: a power of two, "
                f"and up to {SIZE}"
            )
        self.engine = engine
        self.spec = MacSpec(
            lanes=engine.lanes,
            rows=engine.pixels,
            columns=engine.outputs,
            length=_LONGEST_SUM,
            multiplier=multiplier,
            accumulator=IntegerType(32, True),
        )
        super().__init__(
            {
                "write": In(stream.Signature(write_layout(engine))),
                "i": In(stream.Signature(window_layout(engine))),
                "o": Out(stream.Signature(result_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build walk, memories, array, and what becomes of its sums."""
        m = Module()
        engine = self.engine
        m.submodules.walker = walker = WindowWalker(engine)
        m.submodules.array = array = Mac(self.spec)
        m.submodules.groups = groups = SyncFIFO(width=group_layout(engine).size, depth=_GROUPS)
        tiles, weights, records = self._memories(m)
        m.d.comb += walker.i.valid.eq(self.i.valid), self.i.ready.eq(walker.i.ready)
        m.d.comb += walker.i.payload.eq(self.i.payload)

        # A step waits where its group has no place yet.
        step = walker.o.payload
        admitted = stream.Signature(0).create(path=("admitted",))
        room = Signal(name="room")
        m.d.comb += [
            room.eq(~step.last | groups.w_rdy),
            admitted.valid.eq(walker.o.valid & room),
            walker.o.ready.eq(admitted.ready & room),
            groups.w_en.eq(walker.o.valid & walker.o.ready & step.last),
            groups.w_data.eq(step.group),
        ]
        read = stream.Signature(0).create(path=("read",))
        reading = Pipeline(m, platform, admitted, read, 1)
        for k, tile in enumerate(tiles):
            m.d.comb += [tile.enable.eq(reading.advance), tile.address.eq(step.address[k])]
        m.d.comb += [weights.enable.eq(reading.advance), weights.address.eq(step.row)]
        inside = reading.register("inside", step.inside)
        pad = reading.register("pad", step.pad)
        pads = Cat(pad for _ in range(engine.lanes))
        m.d.comb += [
            array.i.valid.eq(read.valid),
            read.ready.eq(array.i.ready),
            array.i.payload.last.eq(reading.register("last", step.last)),
            array.i.payload.b.as_value().eq(weights.data),
            array.i.payload.a.as_value().eq(
                Cat(Mux(inside[k], tile.data, pads) for k, tile in enumerate(tiles))
            ),
        ]
        self._results(m, platform, array, groups, records)
        return m

    def _memories(self, m: Module) -> tuple[list[Ram], Ram, list[Ram]]:
        """Make the memories: a tile for each pixel, weights, and records for each lane."""
        engine, write = self.engine, self.write.payload
        bits = 8 * engine.lanes
        tiles = [Ram(bits, 1, engine.input_words) for _ in range(engine.pixels)]
        weights = Ram(bits, engine.outputs, engine.weight_rows)
        each = SIZE // engine.lanes
        records = [Ram(bits, each, -(-engine.records // engine.lanes)) for _ in range(engine.lanes)]
        m.d.comb += self.write.ready.eq(1)
        for k, tile in enumerate(tiles):
            m.submodules[f"tile_{k}"] = tile
            m.d.comb += [
                tile.write.eq(self.write.valid & (write.buffer == INPUT)),
                tile.write_address.eq(write.address),
                tile.write_data.eq(write.word),
            ]
        m.submodules.weights = weights
        slot = (engine.outputs - 1).bit_length()
        here = self.write.valid & (write.buffer == WEIGHT)
        m.d.comb += [
            weights.write.eq(here << write.address[:slot]),
            weights.write_address.eq(write.address[slot:]),
            weights.write_data.eq(Cat(write.word for _ in range(engine.outputs))),
        ]
        part, lane = (each - 1).bit_length(), (engine.lanes - 1).bit_length()
        here = self.write.valid & (write.buffer == RECORDS)
        for k, memory in enumerate(records):
            m.submodules[f"records_{k}"] = memory
            mine = here & (write.address[part : part + lane] == k)
            m.d.comb += [
                memory.write.eq(mine << write.address[:part] if part else mine),
                memory.write_address.eq(write.address[part + lane :]),
                memory.write_data.eq(Cat(write.word for _ in range(each))),
            ]
        return tiles, weights, records

    def _results(
        self, m: Module, platform: object, array: Mac, groups: Any, records: list[Ram]
    ) -> None:
        """Hand the words of a group to the requantizers, pixel by pixel."""
        engine = self.engine
        words = Shape.cast(range(engine.output_words)).width
        sums = Signal(array.o.payload.shape(), name="sums")
        group = Signal(group_layout(engine), name="group")
        holds = Signal(name="holds")
        pixel = Signal(range(engine.pixels + 1), name="pixel")
        plane = Signal(range(engine.group_words + 1), name="plane")
        address, first = Signal(words, name="address"), Signal(words, name="first")
        entering = stream.Signature(0).create(path=("entering",))
        leaving = stream.Signature(0).create(path=("leaving",))
        last_plane, last = Signal(name="last_plane"), Signal(name="last")
        takes = Signal(name="takes")
        m.d.comb += [
            last_plane.eq(plane + 1 == group.words),
            last.eq(last_plane & (pixel + 1 == group.count)),
            entering.valid.eq(holds),
            takes.eq(array.o.valid & (~holds | (entering.ready & last))),
            array.o.ready.eq(takes),
            groups.r_en.eq(takes),
        ]
        given = data.View(group_layout(engine), groups.r_data)
        with m.If(takes):
            m.d.sync += [
                sums.eq(array.o.payload),
                group.eq(given),
                holds.eq(1),
                pixel.eq(0),
                plane.eq(0),
                address.eq(given.output),
                first.eq(given.output + 1),
            ]
        with m.Elif(entering.ready & holds):
            m.d.sync += [plane.eq(plane + 1), address.eq(address + group.plane)]
            with m.If(last_plane):
                m.d.sync += [
                    plane.eq(0),
                    pixel.eq(pixel + 1),
                    address.eq(first),
                    first.eq(first + 1),
                ]
            with m.If(last):
                m.d.sync += holds.eq(0)
        m.submodules.requantizer = requantizer = WordRequantizer(engine.lanes, words + 1)
        looking = Pipeline(m, platform, entering, leaving, 1)
        lane_bits = (engine.lanes - 1).bit_length()
        for memory in records:
            m.d.comb += [
                memory.enable.eq(looking.advance),
                memory.address.eq(group.records[lane_bits:] + plane),
            ]
        chosen = Signal(32 * engine.lanes, name="chosen")
        with m.Switch(Cat(plane[: _bits(engine.group_words)], pixel[: _bits(engine.pixels)])):
            for k in range(engine.pixels):
                for j in range(engine.group_words):
                    with m.Case(j | k << _bits(engine.group_words)):
                        lanes = range(j * engine.lanes, (j + 1) * engine.lanes)
                        m.d.comb += chosen.eq(Cat(sums[k][lane] for lane in lanes))
        payload = requantizer.i.payload
        m.d.comb += [
            requantizer.i.valid.eq(leaving.valid),
            leaving.ready.eq(requantizer.i.ready),
            payload.accumulators.as_value().eq(looking.register("accumulators", chosen)),
            payload.tag.eq(looking.register("tag", Cat(address, last & group.end))),
            *(
                payload.records[k].as_value().eq(memory.data[: RECORD.size])
                for k, memory in enumerate(records)
            ),
            self.o.valid.eq(requantizer.o.valid),
            requantizer.o.ready.eq(self.o.ready),
            self.o.payload.address.eq(requantizer.o.payload.tag[:-1]),
            self.o.payload.end.eq(requantizer.o.payload.tag[-1]),
            self.o.payload.codes.as_value().eq(requantizer.o.payload.codes.as_value()),
        ]


def _bits(count: int) -> int:
    return max((count - 1).bit_length(), 1)
