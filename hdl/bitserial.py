"""Dot products bit plane by bit plane, at any precision."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.bitserial_spec import MAXIMUM_WIDTH, BitSerialSpec
from hdl.adder_tree import add_term
from hdl.pipeline import Pipeline
from hdl.popcount import ProductCounter
from hdl.shapes import shape_of


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
        for each pair of planes, in the order of `golden.bitserial_spec.plane_order`, counted from
        reset; in the last chunk, lanes beyond the length are ignored. ``a_top`` and ``b_top``:
        precision less one, 0 to 15 for 1 to 16 bits; ``a_signed`` and ``b_signed``. These four
        are taken with the first beat of a dot product.
    o : Out(stream.Signature(...))
        The sum of each dot product.

    Latency from the last beat is `latency` cycles; one beat per cycle, full throughput under
    back-pressure. Planes come by descending weight, and the accumulator is doubled between
    weights; it has the width of the sum, and arithmetic modulo that width is exact for the result.
    """

    def __init__(self, spec: BitSerialSpec) -> None:
        self.spec = spec
        self._counter = ProductCounter(spec.lanes, spec.lanes - spec.tail, lambda a, b: a & b)
        self.latency = self._counter.latency + 2
        bits = data.ArrayLayout(1, spec.lanes)
        top = range(MAXIMUM_WIDTH)
        payload = data.StructLayout(
            {"a": bits, "b": bits, "a_top": top, "b_top": top, "a_signed": 1, "b_signed": 1}
        )
        super().__init__(
            {
                "i": In(stream.Signature(payload)),
                "o": Out(stream.Signature(shape_of(spec.sum_type))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sequence of planes, the counter and the accumulator."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        planes = _PlaneSequence(m, self.i, self.spec.chunks)
        to_count = self._counter.latency

        count = self._counter.build(
            pipeline, "count", self.i.payload.a, self.i.payload.b, planes.last_chunk
        )
        negative = pipeline.register("negative_early", planes.negative, to_count)
        count = pipeline.register("term", count ^ negative.replicate(len(count)))
        negative = pipeline.register("negative", negative)
        first = pipeline.register("first", planes.first, to_count + 1)
        doubles = pipeline.register("doubles", planes.doubles, to_count + 1)

        # A negative count comes complemented; the carry makes it the two's complement.
        width = self.spec.sum_type.width
        total = Signal(width, name="total", reset_less=True)
        doubled = Mux(doubles, Cat(C(0, 1), total), total)[:width]
        with m.If(pipeline.advance & pipeline.valid[to_count]):
            m.d.sync += total.eq(
                add_term(
                    Cat(count, negative.replicate(width - len(count))),
                    doubled & (~first).replicate(width),
                    negative,
                )
            )
        pipeline.leave_when(pipeline.register("last", planes.last, self.latency - 1))
        m.d.comb += self.o.payload.eq(total.as_signed())
        return m


class _PlaneSequence:
    """Which pair of planes a beat holds, by counting beats from reset.

    Attributes
    ----------
    first, last : Value
        Whether the beat is the first or the last one of a dot product.
    last_chunk : Value
        Whether it is the last one of a pair of planes.
    doubles : Value
        Whether its weight is below that of the beat before.
    negative : Value
        Whether its products weigh negatively.
    """

    def __init__(self, m: Module, i: data.View, chunks: int) -> None:
        beat = i.payload
        top = range(MAXIMUM_WIDTH)
        running = Signal(name="running")
        new_weight = Signal(name="new_weight")
        plane = {side: Signal(top, name=f"{side}_plane") for side in "ab"}
        start = {side: Signal(top, name=f"{side}_first_plane") for side in "ab"}
        mode = {side: Signal(top, name=f"{side}_mode_top") for side in "ab"}
        signed = {side: Signal(name=f"{side}_mode_signed") for side in "ab"}
        chunk = Signal(range(max(chunks, 2)))

        self.last_chunk: Value = chunk == chunks - 1 if chunks > 1 else C(1)
        first_chunk: Value = ~chunk.any() if chunks > 1 else C(1)
        self.first = ~running

        def now(held: Signal, given: Value) -> Value:
            return Mux(running, held, given)

        highest = {side: now(mode[side], beat[f"{side}_top"]) for side in "ab"}
        at = {side: now(plane[side], beat[f"{side}_top"]) for side in "ab"}
        from_ = {side: now(start[side], beat[f"{side}_top"]) for side in "ab"}
        is_signed = {side: now(signed[side], beat[f"{side}_signed"]) for side in "ab"}
        on_sign = {side: is_signed[side] & (at[side] == highest[side]) for side in "ab"}
        self.negative = on_sign["a"] ^ on_sign["b"]
        self.doubles = running & new_weight & first_chunk
        end_of_weight = ~at["a"].any() | (at["b"] == highest["b"])
        end_of_planes = ~at["a"].any() & ~at["b"].any()
        self.last = end_of_planes & self.last_chunk & ~from_["a"].any()

        with m.If(i.valid & i.ready):
            m.d.sync += running.eq(~self.last)
            for side in "ab":
                m.d.sync += [
                    mode[side].eq(highest[side]),
                    signed[side].eq(is_signed[side]),
                    plane[side].eq(at[side]),
                    start[side].eq(from_[side]),
                ]
            if chunks > 1:
                m.d.sync += chunk.eq(Mux(self.last_chunk, 0, chunk + 1))
            with m.If(self.last_chunk):
                m.d.sync += new_weight.eq(end_of_weight)
                with m.If(~end_of_weight):
                    m.d.sync += [plane["a"].eq(at["a"] - 1), plane["b"].eq(at["b"] + 1)]
                with m.Elif(from_["b"].any()):
                    _set(m, plane, start, from_["a"], from_["b"] - 1)
                with m.Else():
                    _set(m, plane, start, from_["a"] - 1, from_["b"])


def _set(m: Module, plane: dict[str, Signal], start: dict[str, Signal], a: Value, b: Value) -> None:
    """Begin a weight with these planes."""
    for side, value in (("a", a), ("b", b)):
        m.d.sync += [plane[side].eq(value), start[side].eq(value)]
