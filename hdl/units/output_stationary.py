"""Matrix products in an array whose processing elements keep results."""

from functools import reduce
from operator import or_

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.units.systolic_spec import SystolicSpec
from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.shapes import shape_of


class OutputStationaryArray(wiring.Component):
    """A matrix product, a tile of results at a time; each processing element keeps one result.

        o[c] of beat r = sum over the beats of a tile of a[r] * b[c]

    Element (r, c) sees what enters r + c cycles later, `a` from its left neighbour and `b` from
    the one above, so the results of a column are complete one row after the other, and leave on
    one bus without having to wait.

    Parameters
    ----------
    spec : golden.units.systolic_spec.SystolicSpec
        Operands and size.

    Members
    -------
    i : In(stream.Signature(...))
        ``a``, one value for each row, and ``b``, one for each column: one step k of the product;
        ``last`` ends a tile. Rows and columns that a tile does not fill are zero.
    o : Out(stream.Signature(...))
        The results of a row, one for each column; as many beats as rows for each tile.

    Latency `latency` cycles from the last beat of a tile to its first row, and a row per cycle
    after that. One beat per cycle, full throughput under back-pressure; a tile enters while the
    one before is still computed. Tiles of fewer steps than the array has rows are limited by their
    results: the last beat waits until as many cycles have passed since the last one before. The
    elements hold the extremes of ``spec.length`` products.
    """

    def __init__(self, spec: SystolicSpec) -> None:
        self.spec = spec
        self._product = MULTIPLIER_LATENCY
        self.latency = self._product + 1 + spec.columns
        beat = {
            "a": data.ArrayLayout(shape_of(spec.a), spec.rows),
            "b": data.ArrayLayout(shape_of(spec.b), spec.columns),
            "last": 1,
        }
        results = data.ArrayLayout(shape_of(spec.sum_type), spec.columns)
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(beat))),
                "o": Out(stream.Signature(results)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the elements, the control that runs along the diagonals, and the buses."""
        m = Module()
        spec = self.spec
        stages = Stages(m, platform)
        accepted = self._admit(m, stages)
        arriving, done, fresh = self._diagonals(m, stages, accepted)

        a = [self.i.payload.a[row] for row in range(spec.rows)]
        b = [self.i.payload.b[column] for column in range(spec.columns)]
        a = [stages.register(f"a_skew_{row}", value, row) for row, value in enumerate(a)]
        b = [stages.register(f"b_skew_{column}", value, column) for column, value in enumerate(b)]
        finished: list[list[Value]] = [[] for _ in range(spec.columns)]
        for row in range(spec.rows):
            for column in range(spec.columns):
                diagonal = row + column
                place = f"{row}_{column}"
                total = Signal(shape_of(spec.sum_type), name=f"sum_{place}", reset_less=True)
                product = multiplier(stages, f"product_{place}", a[row], b[column])
                term = Signal(shape_of(spec.sum_type), name=f"term_{place}")
                kept = total.as_unsigned() & (~fresh[diagonal]).replicate(len(total))
                m.d.comb += term.eq(product)
                with m.If(stages.advance & arriving[diagonal]):
                    m.d.sync += total.eq(add_term(term, kept, C(0)))
                finished[column].append(Mux(done[diagonal], total, 0)[: len(total)])
                a[row] = stages.register(f"a_{place}", a[row])
                b[column] = stages.register(f"b_{place}", b[column])

        buses = [
            stages.register(f"bus_{column}", reduce(or_, rows), spec.columns - column)
            for column, rows in enumerate(finished)
        ]
        leaving = reduce(or_, done[spec.columns - 1 :])
        valid = Signal(name="leaving")
        with m.If(stages.advance):
            m.d.sync += valid.eq(leaving)
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.as_value().eq(Cat(buses)),
            stages.advance.eq(~valid | self.o.ready),
        ]
        return m

    def _admit(self, m: Module, stages: Stages) -> Value:
        """Accept a beat, unless it would finish a tile before the last one has left the columns."""
        spec = self.spec
        occupied = Signal(range(spec.rows), name="occupied")
        free = ~self.i.payload.last | ~occupied.any()
        m.d.comb += self.i.ready.eq(stages.advance & free)
        with m.If(stages.advance):
            with m.If(self.i.valid & free & self.i.payload.last):
                m.d.sync += occupied.eq(spec.rows - 1)
            with m.Elif(occupied != 0):
                m.d.sync += occupied.eq(occupied - 1)
        return self.i.valid & free

    def _diagonals(
        self, m: Module, stages: Stages, accepted: Value
    ) -> tuple[list[Value], list[Value], list[Value]]:
        """Return, by diagonal: a product arrives; the sums are complete; a tile begins."""
        count = self.spec.rows + self.spec.columns - 1
        arriving = Signal(self._product + count, name="arriving")
        ending = Signal(self._product + count, name="ending")
        with m.If(stages.advance):
            m.d.sync += [
                arriving.eq(Cat(accepted, arriving)),
                ending.eq(Cat(accepted & self.i.payload.last, ending)),
            ]
        begins = Signal(count, init=(1 << count) - 1, name="begins")
        for diagonal in range(count):
            with m.If(stages.advance & arriving[self._product - 1 + diagonal]):
                m.d.sync += begins[diagonal].eq(ending[self._product - 1 + diagonal])
        first = self._product - 1
        return (
            list(arriving[first : first + count]),
            list(ending[first + 1 : first + 1 + count]),
            list(begins),
        )
