"""Multiply-accumulate."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.units.mac_spec import MacSpec
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.dot_product import dot_product_latency, dot_products
from bittrue.hdl.blocks.shapes import shape_of


class Mac(wiring.Component):
    """Sums of products over a frame, for every pair of an `a` and a `b` vector.

        o[r][c] = sum over the beats of a frame, and over lanes, of a[r][lane] * b[c][lane]

    Parameters
    ----------
    spec : golden.units.mac_spec.MacSpec
        Operands, lanes, vectors and what multiplies.

    Members
    -------
    i : In(stream.Signature(...))
        ``a``, rows by lanes, and ``b``, columns by lanes; ``last`` ends a frame. Lanes a frame
        does not fill are zero in `a` or `b`. A frame of more than ``spec.length`` products wraps
        around in the accumulator's width.
    o : Out(stream.Signature(...))
        The sums of a frame, rows by columns.

    Latency `latency` cycles from the last beat of a frame, one beat per cycle; frames follow each
    other without a gap. All stages hold while sums wait at the output, and ``i.ready`` follows
    ``o.ready``: for units of a few hundred registers, see `hdl.units.dot.Dot` for larger ones. The
    accumulator holds ``length`` times the extreme products, and every sum on the way lies between
    these.
    """

    def __init__(self, spec: MacSpec) -> None:
        self.spec = spec
        self.latency = dot_product_latency(spec) + 1
        a, b = (data.ArrayLayout(shape_of(kind), spec.lanes) for kind in (spec.a, spec.b))
        beat = data.StructLayout(
            {
                "a": data.ArrayLayout(a, spec.rows),
                "b": data.ArrayLayout(b, spec.columns),
                "last": 1,
            }
        )
        sums = data.ArrayLayout(shape_of(spec.sum_type), spec.columns)
        super().__init__(
            {
                "i": In(stream.Signature(beat)),
                "o": Out(stream.Signature(data.ArrayLayout(sums, spec.rows))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the products, their sums, and the accumulators."""
        m = Module()
        spec = self.spec
        beat = self.i.payload
        pipeline = FramePipeline(m, platform, self.i.valid, beat.last, self.latency, stalls=True)
        pipeline.stall_between(self.i, self.o)
        a = [[beat.a[row][lane] for lane in range(spec.lanes)] for row in range(spec.rows)]
        b = [[beat.b[column][lane] for lane in range(spec.lanes)] for column in range(spec.columns)]
        sums = dot_products(pipeline, "dot", spec, a, b)
        m.d.comb += self.o.payload.as_value().eq(
            Cat(
                pipeline.accumulate(f"accumulator_{row}_{column}", spec.sum_type, total)
                for row, totals in enumerate(sums)
                for column, total in enumerate(totals)
            )
        )
        return m
