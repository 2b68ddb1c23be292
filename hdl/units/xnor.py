"""Dot products of binary codes: XNOR, popcount, and the sign of a batch norm as a threshold."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.xnor_spec import XnorSpec
from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.chunks import Chunks
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.popcount import ProductCounter
from bittrue.hdl.blocks.shapes import shape_of


class XnorPopcount(wiring.Component):
    """Multiply vectors of codes -1 and +1, written as bits 0 and 1.

        dot = 2 * sum(popcount(~(input ^ weight))) - length
        bit = (agreements > threshold) ^ inverted,  agreements = (dot + length) / 2

    Parameters
    ----------
    spec : XnorSpec
        Length, lanes, and whether there is a threshold.

    Members
    -------
    i : In(stream.Signature(...))
        A chunk: ``input`` and ``weight``, a bit for each lane. A dot product takes
        ``spec.chunks`` beats, counted from reset; in the last one, lanes beyond the length are
        ignored. With a threshold also ``threshold`` and ``inverted``, taken with the first chunk.
    o : Out(stream.Signature(...))
        The dot product, or with a threshold the bit, once for each dot product.

    Latency from the last chunk is `latency` cycles; one chunk per cycle, full throughput under
    back-pressure. The accumulator starts from minus half the length (or minus the threshold,
    less one) and so never leaves the range of half the result.
    """

    def __init__(self, spec: XnorSpec) -> None:
        self.spec = spec
        masked = spec.lanes - spec.tail
        self._counter = ProductCounter(spec.lanes, masked, lambda a, b: int(a == b))
        self.latency = self._counter.latency + 1
        bits = data.ArrayLayout(1, spec.lanes)
        fields: dict[str, object] = {"input": bits, "weight": bits}
        if spec.thresholded:
            fields |= {"threshold": shape_of(spec.threshold), "inverted": 1}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(fields))),
                "o": Out(stream.Signature(1 if spec.thresholded else shape_of(spec.dot))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counter, the accumulator and the result."""
        m = Module()
        spec = self.spec
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        chunks = Chunks(m, self.i, spec.chunks)
        to_accumulator = self._counter.latency

        count = self._counter.build(
            pipeline, "count", self.i.payload.input, self.i.payload.weight, chunks.last
        )
        first = pipeline.register("first", chunks.first, to_accumulator)
        accumulator = Signal(signed(self._accumulator_width), reset_less=True)
        start = self._start(pipeline, to_accumulator)
        # The count comes from a register: it goes into the carry chain as it is, and the choice
        # between start and accumulator into the tables in front of it.
        sum_ = add_term(
            Cat(count, C(0, self._accumulator_width))[: self._accumulator_width],
            Mux(first, start, accumulator)[: self._accumulator_width],
            C(0, 1),
        )
        accumulates = pipeline.advance & pipeline.valid[to_accumulator - 1]
        with m.If(accumulates):
            m.d.sync += accumulator.eq(sum_)

        pipeline.leave_when(pipeline.register("last", chunks.last, self.latency - 1))
        if spec.thresholded:
            given = pipeline.register("inverted_given", self.i.payload.inverted, to_accumulator)
            inverted = Signal(reset_less=True)
            with m.If(accumulates & first):
                m.d.sync += inverted.eq(given)
            m.d.comb += self.o.payload.eq(~accumulator[-1] ^ inverted)
        else:
            m.d.comb += self.o.payload.eq(Cat(C(spec.length & 1, 1), accumulator).as_signed())
        return m

    @property
    def _accumulator_width(self) -> int:
        length = self.spec.length
        if self.spec.thresholded:
            return IntegerType.spanning(-length - 1, length - 1).width
        return self.spec.dot.width - 1

    def _start(self, pipeline: Pipeline, delay: int) -> Value:
        """Return what the accumulator starts from, so that no subtraction follows it."""
        if self.spec.thresholded:  # -1 - threshold; from 0 on, the threshold is exceeded.
            threshold = pipeline.register("threshold", self.i.payload.threshold, delay)
            return ~Cat(threshold, C(0, self._accumulator_width))[: self._accumulator_width]
        return C(-((self.spec.length + 1) // 2), signed(self._accumulator_width))
