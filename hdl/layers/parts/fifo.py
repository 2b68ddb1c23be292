"""Beats kept until they are wanted."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import ram_cost
from bittrue.hdl.layers.parts.beatwise import Beatwise
from bittrue.hdl.layers.parts.codes import code_stream

MAXIMUM_DEPTH = 1 << 20


def fifo_cost(width: int, depth: int, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate a FIFO: its memory, pointers and level, and the registers behind it."""
    return Costs(20 + 5 * depth.bit_length() + width // 4) + ram_cost(width, depth, memory, fabric)


class Fifo(Beatwise):
    """Keep beats, first in, first out.

        o[k] = i[k]

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    lanes : int
        Elements of a beat.
    depth : int
        Beats that it takes at least while the output waits, 1 to 2**20.
    memory : Memory, optional
        What it is made of; see `hdl.blocks.ram.Ram`.

    Members
    -------
    i, o : In(stream), Out(stream)
        Beats in and out.

    Latency 3 cycles. One beat per cycle when neither full nor empty, which takes a depth of 2.
    Neither ``ready`` nor ``valid`` depends on anything but registers, so a FIFO also parts long
    chains of logic. `depth` beats are in LUT RAM or block RAM, as `memory` or their size says;
    two more are in the memory's register and in the output's, as block RAM is slow to answer.
    """

    latency = 3

    def __init__(
        self, kind: IntegerType, lanes: int, depth: int, memory: Memory | None = None
    ) -> None:
        if not 1 <= depth <= MAXIMUM_DEPTH:
            raise UserError(f"depth is {depth}; allowed: 1 to {MAXIMUM_DEPTH}")
        self.depth = depth
        self.memory = memory
        super().__init__(
            {"i": In(code_stream(kind, lanes)), "o": Out(code_stream(kind, lanes))}, lanes
        )

    def elaborate(self, platform: object) -> Module:
        """Build pointers, level and memory, and a register behind it."""
        m = Module()
        m.submodules.memory = memory = Ram(
            len(self.i.payload.as_value()), 1, self.depth, memory=self.memory
        )
        found = stream.Signature(0).create(path=("found",))
        leaving = Pipeline(m, platform, found, self.o, 1)
        level = Signal(range(self.depth + 1))
        empty, full = Signal(init=1), Signal()  # Of the memory; from registers, as levels are wide.
        valid = Signal()
        writes = self.i.valid & self.i.ready
        reads = ~empty & (~valid | found.ready)
        m.d.comb += [
            self.i.ready.eq(~full),
            found.valid.eq(valid),
            self.o.payload.as_value().eq(leaving.register("beat", memory.data)),
            memory.write.eq(writes),
            memory.write_data.eq(self.i.payload),
            memory.enable.eq(reads),
        ]
        with m.If(reads):
            m.d.sync += valid.eq(1)
        with m.Elif(found.ready):
            m.d.sync += valid.eq(0)
        with m.If(writes != reads):
            m.d.sync += [
                level.eq(Mux(writes, level + 1, level - 1)),
                empty.eq(reads & (level == 1)),
                full.eq(writes & (level == self.depth - 1)),
            ]
        for name, moves, address in (
            ("first_free", writes, memory.write_address),
            ("first_kept", reads, memory.address),
        ):
            pointer = Signal(range(self.depth), name=name)
            m.d.comb += address.eq(pointer)
            with m.If(moves):
                m.d.sync += pointer.eq(Mux(pointer == self.depth - 1, 0, pointer + 1))
        return m
