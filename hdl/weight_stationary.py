"""Matrix products in an array whose processing elements keep weights."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.systolic_spec import SystolicSpec
from hdl.adder_tree import add_term
from hdl.multiply import MULTIPLIER_LATENCY, multiplier
from hdl.pipeline import Stages
from hdl.shapes import shape_of


class WeightStationaryArray(wiring.Component):
    """A matrix product, a tile of weights at a time; each processing element keeps one weight.

        o[c] = sum over the tiles from `first` to `final`, and over r, of a[r] * w[r][c]

    Element (r, c) sees a row of `a` r + c cycles after it enters, multiplies its value by a weight
    and adds the sum from above. Every element has two weights: while one is in use, the tile after
    it is loaded into the other. Sums over several tiles are kept below the array.

    Parameters
    ----------
    spec : golden.systolic_spec.SystolicSpec
        Operands, size, and rows of `a` whose sums are kept.

    Members
    -------
    w : In(stream.Signature(...))
        Weights: one for each column; as many beats as rows make a tile, the top row first.
    i : In(stream.Signature(...))
        ``a``, one value for each row of the array; ``last`` ends the use of a tile of weights;
        ``first`` begins the sums anew, ``final`` lets them leave. Rows of `a` come in the same
        order with every tile from `first` to `final`, up to ``spec.depth`` of them. Array rows
        that a tile does not fill are zero in `a`.
    o : Out(stream.Signature(...))
        Sums, one for each column, for every row of `a` that came with `final`.

    Latency `latency` cycles, one beat per cycle, full throughput under back-pressure. A tile is
    used from the cycle after its last weights; none of its cycles are lost where the tile before
    has at least as many rows of `a` as the array has rows. The sums hold the extremes of
    ``spec.length`` products.
    """

    def __init__(self, spec: SystolicSpec) -> None:
        self.spec = spec
        self._summed = MULTIPLIER_LATENCY + spec.rows + spec.columns - 1
        self.latency = self._summed + 1
        beat = {
            "a": data.ArrayLayout(shape_of(spec.a), spec.rows),
            "first": 1,
            "final": 1,
            "last": 1,
        }
        super().__init__(
            {
                "w": In(stream.Signature(data.ArrayLayout(shape_of(spec.b), spec.columns))),
                "i": In(stream.Signature(data.StructLayout(beat))),
                "o": Out(stream.Signature(data.ArrayLayout(shape_of(spec.sum_type), spec.columns))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the elements, their weights, and the sums below."""
        m = Module()
        stages = Stages(m, platform)
        writes, bank = self._admit(m, stages)
        sums = self._array(m, stages, writes, bank)
        self._keep_sums(m, stages, sums)
        return m

    def _admit(self, m: Module, stages: Stages) -> tuple[list[tuple[Value, Value]], Value]:
        """Accept weights into a free bank, and rows of `a` once their weights are there.

        Returns
        -------
        list of pairs of Value
            For each row of the array, when its weights are written into either bank.
        Value
            The bank that the rows of `a` use.
        """
        rows = self.spec.rows
        loaded = Signal(range(3), name="tiles_loaded")
        row = Signal(range(rows), name="load_row")
        load_bank, use_bank = Signal(name="load_bank"), Signal(name="use_bank")
        m.d.comb += [
            self.w.ready.eq(stages.advance & (row.any() | ~loaded[1])),
            self.i.ready.eq(stages.advance & loaded.any()),
        ]
        load = self.w.valid & self.w.ready
        complete = load & (row == rows - 1)
        finish = self.i.valid & self.i.ready & self.i.payload.last
        m.d.sync += [
            loaded.eq(loaded + complete - finish),
            load_bank.eq(load_bank ^ complete),
            use_bank.eq(use_bank ^ finish),
        ]
        with m.If(load):
            m.d.sync += row.eq(Mux(complete, 0, row + 1))
        writes = [
            (load & (row == k) & ~load_bank, load & (row == k) & load_bank) for k in range(rows)
        ]
        return writes, use_bank

    def _array(
        self, m: Module, stages: Stages, writes: list[tuple[Value, Value]], bank: Value
    ) -> list[Value]:
        """Return the sum of each column over the array's rows, all columns in the same cycle."""
        spec = self.spec
        kind = shape_of(spec.sum_type)
        # Weights, their writes and rows of `a` reach column c in the same skew of c cycles.
        weights = [
            stages.register(f"w_skew_{column}", self.w.payload[column], column)
            for column in range(spec.columns)
        ]
        totals: list[Value] = [C(0, kind) for _ in range(spec.columns)]
        for row in range(spec.rows):
            value = stages.register(f"a_skew_{row}", self.i.payload.a[row], row)
            chosen = stages.register(f"bank_skew_{row}", bank, row)
            write = Cat(writes[row])
            for column in range(spec.columns):
                place = f"{row}_{column}"
                banks = []
                for index in range(2):
                    weight = Signal(shape_of(spec.b), name=f"weight{index}_{place}")
                    with m.If(stages.advance & write[index]):
                        m.d.sync += weight.eq(weights[column])
                    banks.append(weight)
                used = Mux(chosen, banks[1], banks[0])[: spec.b.width]
                used = used.as_signed() if spec.b.signed else used
                product = multiplier(stages, f"product_{place}", value, used)
                total = (totals[column] + product)[: kind.width]
                total = total.as_signed() if kind.signed else total
                totals[column] = stages.register(f"sum_{place}", total)
                value = stages.register(f"a_{place}", value)
                chosen = stages.register(f"bank_{place}", chosen)
                write = stages.register(f"write_{place}", write)
        return [
            stages.register(f"sum_level_{column}", total, spec.columns - 1 - column)
            for column, total in enumerate(totals)
        ]

    def _keep_sums(self, m: Module, stages: Stages, sums: list[Value]) -> None:
        """Add the sums of successive tiles, row of `a` by row; the final ones leave."""
        spec = self.spec
        kind = shape_of(spec.sum_type)
        accepted = self.i.valid & self.i.ready
        number = Signal(range(max(spec.depth, 2)), name="row_of_a")
        valid = Signal(self._summed, name="stage_valid")
        with m.If(stages.advance):
            m.d.sync += valid.eq(Cat(accepted, valid))
        with m.If(accepted):
            m.d.sync += number.eq(Mux(self.i.payload.last, 0, number + 1))
        address = stages.register("address", number, self._summed)
        first = stages.register("first_tile", self.i.payload.first, self._summed)
        final = stages.register("final_tile", self.i.payload.final, self._summed)

        m.submodules.kept = memory = Memory(
            shape=kind.width * spec.columns, depth=spec.depth, init=[]
        )
        write, read = memory.write_port(), memory.read_port(domain="comb")
        arriving = valid[-1]
        totals = []
        for column, term in enumerate(sums):
            kept = read.data.word_select(column, kind.width) & (~first).replicate(kind.width)
            totals.append(add_term(term[: kind.width], kept, C(0)))
        m.d.comb += [
            read.addr.eq(address),
            write.addr.eq(address),
            write.data.eq(Cat(totals)),
            write.en.eq(stages.advance & arriving & ~final),
            stages.advance.eq(~self.o.valid | self.o.ready),
        ]
        leaving = Signal(name="leaving")
        with m.If(stages.advance):
            m.d.sync += leaving.eq(arriving & final)
        m.d.comb += [
            self.o.valid.eq(leaving),
            self.o.payload.as_value().eq(stages.register("results", Cat(totals))),
        ]
