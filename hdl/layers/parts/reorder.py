"""A memory from which blocks of a stream are read in another order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import C, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, counters_cost
from bittrue.hdl.costs.memories import usual_ram_cost, usual_rom_cost
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.layers.parts.reorder_spec import ReorderSpec

REORDER_LATENCY = 3
"""Cycles from the last beat that a block needs to its first beat."""


@dataclass(frozen=True, eq=False)
class Loops:
    """Blocks whose places are counted: the dimensions of a transposed tensor.

    Parameters
    ----------
    sizes : sequence of int
        Blocks of the output along each dimension, the last one fastest.
    strides : sequence of int
        By how many blocks of the input each dimension steps.
    """

    sizes: Sequence[int]
    strides: Sequence[int]


class Reorder(wiring.Component):
    """Keep blocks of a stream, and send them in the order of a specification.

    Parameters
    ----------
    spec : ReorderSpec
    width : int
        Bits of a beat.
    name : str
        Of the ROM file; unique within a design.
    weights : sequence of int
        A number that comes with each block of the output; none by default.
    loops : Loops, optional
        Where the places are those of nested loops over a whole period; a ROM holds them otherwise.

    Members
    -------
    i : In(stream of {"beat"})
        Beats.
    o : Out(stream of {"first", "second", "weight"})
        Beats of the blocks; of the following one beside it where pairs are read, and the weight
        where there are any. The following block is unspecified where it is not needed.

    The memory is a ring of ``spec.depth`` blocks. The number of blocks in it, from the first one
    that is still read on, says whether a block may be written, and whether the next one is there:
    it is negative while blocks come that nothing reads. Latency 3 cycles from the last beat that
    a block needs, one beat per cycle in and out. Pairs are read from two memories, one of the even
    blocks and one of the odd ones.
    """

    def __init__(
        self,
        spec: ReorderSpec,
        width: int,
        name: str,
        weights: Sequence[int] = (),
        loops: Loops | None = None,
    ) -> None:
        self.spec = spec
        self.name = name
        self.weights = tuple(weights)
        self.loops = loops
        fields = {"first": width}
        if spec.paired:
            fields["second"] = width
        if self.weights:
            fields["weight"] = max(max(self.weights).bit_length(), 1)
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout({"beat": width}))),
                "o": Out(stream.Signature(data.StructLayout(fields))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Count the blocks that are kept; write the next one, read the one that is due."""
        m = Module()
        spec = self.spec
        request = stream.Signature(0).create(path=("request",))
        pipeline = Pipeline(m, platform, request, self.o, 2)
        writes, reads = self.i.valid & self.i.ready, request.valid & request.ready
        arrived = writes & Position(m, "written", [spec.beats], writes).ends[0]
        left = Signal(name="left")
        m.d.comb += left.eq(reads & Position(m, "read", [spec.beats], reads).ends[0])
        due = self._due(m, left)
        lowest = -spec.unread + min(0, int((spec.demand - spec.release).min()))
        blocks = range(lowest - 1, spec.depth + 1)
        kept = Signal(blocks, init=-spec.unread, name="blocks_kept")
        m.d.sync += kept.eq(kept + arrived - Mux(left, due["release"], 0))
        m.d.comb += [
            self.i.ready.eq(kept < spec.depth),
            request.valid.eq(due["known"] & (kept >= due["demand"])),
        ]
        if spec.paired:
            self._read_pairs(m, pipeline, writes, arrived, reads, left, due)
        else:
            self._read(m, pipeline, writes, reads, left, due)
        if self.weights:
            m.d.comb += self.o.payload.weight.eq(pipeline.register("weight", due["weight"], 2))
        return m

    def _read(
        self,
        m: Module,
        pipeline: Pipeline,
        writes: Value,
        reads: Value,
        left: Value,
        due: dict[str, Value],
    ) -> None:
        spec = self.spec
        words = spec.depth * spec.beats
        m.submodules.blocks = memory = Ram(len(self.i.payload.beat), 1, words)
        address = _reading(
            m, "address", spec, words, spec.places[0] % spec.depth, reads, left, due["step"]
        )
        m.d.comb += [
            memory.write.eq(writes),
            memory.write_address.eq(Position(m, "free", [words], writes).index[0]),
            memory.write_data.eq(self.i.payload.beat),
            memory.enable.eq(pipeline.advance),
            memory.address.eq(address),
            self.o.payload.first.eq(pipeline.register("beat", memory.data)),
        ]

    def _read_pairs(
        self,
        m: Module,
        pipeline: Pipeline,
        writes: Value,
        arrived: Value,
        reads: Value,
        left: Value,
        due: dict[str, Value],
    ) -> None:
        """Read the block that is due and the following one, of which one is even."""
        spec = self.spec
        words = spec.depth // 2 * spec.beats
        first = spec.places[0]
        to_odd = Signal(name="to_odd")
        from_odd = Signal(init=first % 2, name="from_odd")
        with m.If(arrived):
            m.d.sync += to_odd.eq(~to_odd)
        with m.If(left):
            m.d.sync += from_odd.eq(from_odd ^ due["odd"])
        blocks = []
        # Half a step, rounded up from an even block on for the even ones, and down for the odd.
        for odd, name in enumerate(("even", "odd")):
            m.submodules[name] = memory = Ram(len(self.i.payload.beat), 1, words)
            here = writes & (to_odd == odd)
            down = ~from_odd if odd else from_odd
            step = Mux(down, due["step"], due["step_up"])
            place = first // 2 if odd else -(-first // 2)
            address = _reading(
                m, f"{name}_address", spec, words, place % (spec.depth // 2), reads, left, step
            )
            m.d.comb += [
                memory.write.eq(here),
                memory.write_address.eq(Position(m, f"free_{name}", [words], here).index[0]),
                memory.write_data.eq(self.i.payload.beat),
                memory.enable.eq(pipeline.advance),
                memory.address.eq(address),
            ]
            blocks.append(memory.data)
        turned = pipeline.register("turned", from_odd)
        even, odd_one = blocks
        m.d.comb += [
            self.o.payload.first.eq(pipeline.register("first", Mux(turned, odd_one, even))),
            self.o.payload.second.eq(pipeline.register("second", Mux(turned, even, odd_one))),
        ]

    def _due(self, m: Module, left: Value) -> dict[str, Value]:
        """Return what is to be known of the block that is read: its numbers, and whether known."""
        if self.loops is not None:
            return self._counted(m, self.loops, left)
        columns = order_columns(self.spec, self.weights)
        if len(self.spec.places) == 1:
            return {"known": C(1)} | {
                name: C(int(values[0]), max(width, 1)) for name, (values, width) in columns.items()
            }
        m.submodules.order = rom = Rom(self.name, list(columns.values()))
        known = Signal(name="known")
        count = len(self.spec.places)
        following = Signal(range(count), name="following")
        m.d.comb += [rom.enable.eq(~known | left), rom.address.eq(following)]
        with m.If(rom.enable):
            m.d.sync += [
                known.eq(1),
                following.eq(Mux(following == count - 1, 0, following + 1)),
            ]
        found: dict[str, Value] = {"known": known}
        place = 0
        for name, (_, width) in columns.items():
            found[name] = rom.data[place : place + width]
            place += width
        return found

    def _counted(self, m: Module, loops: Loops, left: Value) -> dict[str, Value]:
        """Return the same of blocks that nested loops pass, of a period that is there as a whole.

        What a loop does when it turns, all faster ones begin again.
        """
        spec = self.spec
        ends = Position(m, "loop", loops.sizes, left).ends
        last = spec.places[-1]
        step: Value = C((spec.length + spec.places[0] - last) % spec.depth * spec.beats)
        back = 0
        steps = []
        for size, stride in zip(reversed(loops.sizes), reversed(loops.strides), strict=True):
            steps.append((stride - back) % spec.depth * spec.beats)
            back += (size - 1) * stride
        # Slowest first: a faster loop that has not ended is what turns.
        for dimension, turned in enumerate(reversed(steps)):
            step = Mux(ends[dimension], step, C(turned))
        return {
            "known": C(1),
            "step": step,
            "demand": C(spec.length),
            "release": Mux(ends[0], spec.length, 0),
        }


def order_columns(spec: ReorderSpec, weights: Sequence[int]) -> dict[str, tuple[Int64, int]]:
    """Return what is known of each block of the output, with the bits that it takes."""
    steps = spec.steps
    named = {"demand": spec.demand, "release": spec.release}
    if spec.paired:
        halves = steps // 2, (steps + 1) // 2 % (spec.depth // 2)
        named |= {"step": halves[0] * spec.beats, "step_up": halves[1] * spec.beats}
        named["odd"] = steps % 2
    else:
        named["step"] = steps * spec.beats
    if weights:
        named["weight"] = np.array(weights)
    return {
        name: (values, max(int(values.max()).bit_length(), 1)) for name, values in named.items()
    }


def reorder_cost(
    spec: ReorderSpec,
    width: int,
    fabric: Fabric,
    weights: Sequence[int] = (),
    counted: bool = False,
) -> Costs:
    """Estimate a `Reorder`."""
    banks = 2 if spec.paired else 1
    words = spec.depth * spec.beats // banks
    memories = usual_ram_cost(width, words, fabric).sum() * banks
    address = words.bit_length()
    # Addresses of both sides, the step around the ring, and the number of blocks, which is counted
    # and compared with what a ROM says, or with constants.
    kept = spec.depth.bit_length()
    comparing = kept // 3 if counted else kept
    logic = Costs(banks * (3 * address + width // 2 * (banks - 1)) + kept + comparing)
    if counted:
        table = Costs(address)
    else:
        bits = sum(bits for _, bits in order_columns(spec, weights).values())
        count = len(spec.places)
        table = usual_rom_cost(bits, count, fabric).sum() + counters_cost([count])
    return STREAM + memories + logic + table + counters_cost([spec.beats, spec.beats])


def _reading(
    m: Module,
    name: str,
    spec: ReorderSpec,
    words: int,
    first: int,
    reads: Value,
    left: Value,
    step: Value,
) -> Value:
    """Return the address in a ring of words, of the block that is due and its beats."""
    address = Signal(range(max(words, 2)), init=first * spec.beats, name=name)
    start = address
    if spec.beats > 1:
        start = Signal(range(max(words, 2)), init=first * spec.beats, name=f"{name}_of_block")
    onward = start + step
    following = Mux(onward >= words, onward - words, onward)[: len(address)]
    if spec.beats > 1:
        with m.If(reads):
            m.d.sync += address.eq(address + 1)
    with m.If(left):
        m.d.sync += address.eq(following)
        if spec.beats > 1:
            m.d.sync += start.eq(following)
    return address
