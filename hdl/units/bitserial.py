"""Dot products bit plane by bit plane, at any precision."""

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.units.bitserial_spec import BitSerialSpec
from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.chunks import Chunks
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.popcount import ProductCounter
from bittrue.hdl.blocks.shapes import shape_of


class BitSerialDotProduct(wiring.Component):
    """Multiply vectors of integers, a pair of bit planes at a time.

        o.payload = sum(+-2**(m + k) * popcount(a_plane[m] & b_plane[k]))

    The top plane of a signed operand weighs negatively.

    Parameters
    ----------
    spec : BitSerialSpec
        Length and lanes.

    Members
    -------
    i : In(stream.Signature(...))
        ``a`` and ``b``: a bit of each lane's elements. A dot product takes ``spec.chunks`` beats
        for each pair of planes, in the order of `golden.units.bitserial_spec.plane_order`, counted
        from reset; in the last chunk, lanes beyond the length are ignored. ``a_top`` and ``b_top``:
        precision less one, 0 to 15 for 1 to 16 bits; ``a_signed`` and ``b_signed``. These four are
        taken with the first beat of a dot product.
    o : Out(stream.Signature(...))
        The sum of each dot product.

    Latency from the last beat is `latency` cycles; one beat per cycle, full throughput under
    back-pressure. Planes come by descending weight, and the accumulator is doubled between
    weights; it has the width of the sum, and arithmetic modulo that width is exact for the result.
    """

    def __init__(self, spec: BitSerialSpec) -> None:
        self.spec = spec
        self._counter = ProductCounter(spec.lanes, spec.lanes - spec.tail, lambda a, b: a & b)
        bits = data.ArrayLayout(1, spec.lanes)
        top = range(MAXIMUM_CODE_WIDTH)
        payload = data.StructLayout(
            {"a": bits, "b": bits, "a_top": top, "b_top": top, "a_signed": 1, "b_signed": 1}
        )
        super().__init__(
            {
                "i": In(stream.Signature(payload)),
                "o": Out(stream.Signature(shape_of(spec.sum_type))),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a dot product to the output."""
        return self._counter.latency + 3

    def elaborate(self, platform: object) -> Module:
        """Build the sequence of planes, the counter and the accumulator."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        chunks = Chunks(m, self.i, self.spec.chunks)
        planes = _PlaneSequence(m, pipeline, self.i.payload, chunks)
        to_count = self._counter.latency
        known = _PlaneSequence.LATENCY

        count = self._counter.build(
            pipeline, "count", self.i.payload.a, self.i.payload.b, chunks.last
        )
        negative = pipeline.register("negative_early", planes.negative, to_count - known)
        count = pipeline.register("term", count ^ negative.replicate(len(count)))
        negative = pipeline.register("negative", negative)
        first = pipeline.register("first", planes.first, to_count + 1 - known)
        doubles = pipeline.register("doubles", planes.doubles, to_count + 1 - known)

        # A negative count comes complemented; the carry makes it the two's complement. The upper
        # half of the sum follows a cycle later, so that no carry runs through all of it at once.
        width = self.spec.sum_type.width
        half = width // 2
        low = Signal(half + 1, name="low", reset_less=True)
        high = Signal(width - half, name="high", reset_less=True)
        low_before = Mux(doubles, Cat(C(0, 1), low[:half]), low[:half])[:half]
        low_term = Cat(count, negative.replicate(half + 1))[:half]
        with m.If(pipeline.advance & pipeline.valid[to_count]):
            m.d.sync += low.eq(
                add_term(Cat(low_term, C(0, 1)), low_before & (~first).replicate(half), negative)
            )
        shifted_in = pipeline.register("shifted_in", low[half - 1])
        negative, first, doubles = (
            pipeline.register(f"{name}_late", value)
            for name, value in (("negative", negative), ("first", first), ("doubles", doubles))
        )
        high_before = Mux(doubles, Cat(shifted_in, high), high)[: len(high)]
        with m.If(pipeline.advance & pipeline.valid[to_count + 1]):
            m.d.sync += high.eq(
                add_term(
                    negative.replicate(len(high)),
                    high_before & (~first).replicate(len(high)),
                    low[half],
                )
            )
        pipeline.leave_when(pipeline.register("last", planes.last, self.latency - 1 - known))
        low_late = pipeline.register("low_late", low[:half])
        m.d.comb += self.o.payload.eq(Cat(low_late, high).as_signed())
        return m


class _PlaneSequence:
    """Where in the sequence of pairs of planes a beat is, by counting beats from reset.

    The planes themselves need not be known. Weight w has 1 + min(w, top_a, top_b,
    top_a + top_b - w) pairs: as w falls, one more each time while it is above the tops of both
    operands, and one less when it is above neither. The top plane of `a` is in the first pair of a
    weight not below ``top_a``, that of `b` in the last pair of one not below ``top_b``.

    All registers describe one beat, and those of the next follow from them alone or, at the start
    of a dot product, from its mode; so few tables lie between one register and the next.

    Attributes
    ----------
    first, last : Value
        Whether the beat is the first or the last one of a dot product. These and the following
        are valid `LATENCY` cycles after the beat.
    doubles : Value
        Whether its weight is below that of the beat before.
    negative : Value
        Whether its products weigh negatively.
    """

    LATENCY = 2

    def __init__(self, m: Module, pipeline: Pipeline, beat: data.View, chunks: Chunks) -> None:
        sides = ("a", "b")
        top = {side: pipeline.register(f"{side}_top", beat[f"{side}_top"]) for side in sides}
        signed = {
            side: pipeline.register(f"{side}_signed", beat[f"{side}_signed"]) for side in sides
        }
        first_chunk_given = pipeline.register("first_chunk_given", chunks.first)
        last_chunk_given = pipeline.register("last_chunk_given", chunks.last)

        first = Signal(name="first_beat")
        first_chunk, last_chunk = Signal(name="first_chunk"), Signal(name="last_chunk", init=1)
        first_pair, last_pair = Signal(name="first_pair"), Signal(name="last_pair", init=1)
        last_weight = Signal(name="last_weight", init=1)
        pairs_left = Signal(range(MAXIMUM_CODE_WIDTH), name="pairs_left")
        pairs_after_first = Signal(
            range(MAXIMUM_CODE_WIDTH), name="pairs_after_first_of_next_weight"
        )
        above = {
            side: Signal(range(MAXIMUM_CODE_WIDTH), name=f"above_{side}_top") for side in sides
        }
        reaches = {side: Signal(name=f"reaches_{side}_top") for side in sides}
        subtracts = {side: Signal(name=f"subtracts_{side}_top") for side in sides}

        ends_weight = last_chunk & last_pair
        self.first = first
        self.last = ends_weight & last_weight
        self.doubles = first_chunk & first_pair & ~first
        self.negative = (subtracts["a"] & reaches["a"] & first_pair) ^ (
            subtracts["b"] & reaches["b"] & last_pair
        )

        # Written without choices that keep a register as it is: synthesis would make them further
        # conditions of its enable, behind the pipeline's, which arrives late.
        is_above = {side: above[side].any() for side in sides}
        stays_above = {side: above[side] > 1 for side in sides}
        more_pairs = ends_weight & stays_above["a"] & stays_above["b"]
        fewer_pairs = ends_weight & ~stays_above["a"] & ~stays_above["b"]
        next_weight_is_last = ~pairs_after_first.any() & ~stays_above["a"] & ~stays_above["b"]
        next_pair = last_chunk & ~last_pair
        with m.If(pipeline.advance & pipeline.valid[0]):
            m.d.sync += [
                first.eq(self.last),
                first_chunk.eq(first_chunk_given),
                last_chunk.eq(last_chunk_given),
                first_pair.eq(ends_weight | (first_pair & ~last_chunk)),
            ]
            for side in sides:
                keeps_reaching = reaches[side] & (is_above[side] | ~ends_weight)
                m.d.sync += [
                    reaches[side].eq(self.last | keeps_reaching),
                    subtracts[side].eq((self.last & signed[side]) | (~self.last & subtracts[side])),
                ]
            with m.If(self.last):
                m.d.sync += [
                    last_pair.eq(1),
                    last_weight.eq(~top["a"].any() & ~top["b"].any()),
                    pairs_left.eq(0),
                    pairs_after_first.eq(top["a"].any() & top["b"].any()),
                    above["a"].eq(top["b"]),
                    above["b"].eq(top["a"]),
                ]
            with m.Else():
                m.d.sync += [
                    last_pair.eq(
                        (ends_weight & ~pairs_after_first.any())
                        | (~ends_weight & last_pair)
                        | (next_pair & (pairs_left == 1))
                    ),
                    last_weight.eq(
                        (ends_weight & next_weight_is_last) | (~ends_weight & last_weight)
                    ),
                    pairs_left.eq(Mux(ends_weight, pairs_after_first, pairs_left - next_pair)),
                    pairs_after_first.eq(pairs_after_first + more_pairs - fewer_pairs),
                    above["a"].eq(above["a"] - (ends_weight & is_above["a"])),
                    above["b"].eq(above["b"] - (ends_weight & is_above["b"])),
                ]
