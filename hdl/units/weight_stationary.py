"""Matrix products in an array whose processing elements keep weights."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from bittrue.golden.units.systolic_spec import SystolicSpec
from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.blocks.systolic import along_row, systolic_sums, systolic_sums_latency

TILE_CYCLES = 3
"""Least cycles from a tile whose sums are kept to the next: read a sum, add to it, write it."""


class WeightStationaryArray(wiring.Component):
    """A matrix product, a tile of weights at a time; each processing element keeps one weight.

        o[c] = sum over the tiles from `first` to `final`, and over r, of a[r] * w[r][c]

    Element (r, c) sees a row of `a` r + c cycles after it enters, multiplies its value by a weight
    and adds the sum from above. Every element has two weights: while one is in use, the tile after
    it is loaded into the other. Sums over several tiles are kept below the array.

    Parameters
    ----------
    spec : golden.units.systolic_spec.SystolicSpec
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
    has at least as many rows of `a` as the array has rows. A tile without `final` takes at least
    `TILE_CYCLES` cycles, even of a single row. The sums hold the extremes of ``spec.length``
    products.
    """

    def __init__(self, spec: SystolicSpec) -> None:
        self.spec = spec
        self._summed = systolic_sums_latency(spec.rows, spec.columns)
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
        number, returned = self._number_rows(m, stages)
        writes, bank = self._admit(m, stages, returned)
        sums = self._array(m, stages, writes, bank)
        self._keep_sums(m, stages, number, sums)
        return m

    def _number_rows(self, m: Module, stages: Stages) -> tuple[Value, Value]:
        """Count the rows of `a` of a tile.

        Returns
        -------
        Value
            Number of the next row, from 0.
        Value
            Whether its kept sums can be read in time. A tile of fewer rows than `TILE_CYCLES`
            is followed by a pause as long as the rows it lacks: no row then comes back earlier,
            wherever the input paused before.
        """
        accepted = self.i.valid & self.i.ready
        number = Signal(range(max(self.spec.depth, 2)), name="row_of_a")
        ends = accepted & self.i.payload.last
        lacking = Cat(number < TILE_CYCLES - 1 - k for k in range(TILE_CYCLES - 1))
        pause = Signal(TILE_CYCLES - 1, name="pause")
        with m.If(accepted):
            m.d.sync += number.eq(Mux(ends, 0, number + 1))
        with m.If(stages.advance):
            m.d.sync += pause.eq(Mux(ends & ~self.i.payload.final, lacking, pause >> 1))
        return number, ~pause[0]

    def _admit(
        self, m: Module, stages: Stages, returned: Value
    ) -> tuple[list[tuple[Value, Value]], Value]:
        """Accept weights into a free bank, and rows of `a` once their weights and sums are there.

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
            self.i.ready.eq(stages.advance & loaded.any() & returned),
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

        use, load = [], []
        for row, write in enumerate(writes):
            chosen = stages.register(f"bank_skew_{row}", bank, row)
            use.append(along_row(stages, f"bank_{row}", chosen, spec.columns))
            load.append(along_row(stages, f"write_{row}", Cat(write), spec.columns))

        def weight_of(row: int, column: int) -> Value:
            banks = []
            for index in range(2):
                weight = Signal(shape_of(spec.b), name=f"weight{index}_{row}_{column}")
                with m.If(stages.advance & load[row][column][index]):
                    m.d.sync += weight.eq(weights[column])
                banks.append(weight)
            used = Mux(use[row][column], banks[1], banks[0])[: spec.b.width]
            return used.as_signed() if spec.b.signed else used

        values = [self.i.payload.a[row] for row in range(spec.rows)]
        return systolic_sums(stages, values, weight_of, spec.columns, kind)

    def _keep_sums(self, m: Module, stages: Stages, number: Value, sums: list[Value]) -> None:
        """Add the sums of successive tiles, row of `a` by row; the final ones leave."""
        spec = self.spec
        kind = shape_of(spec.sum_type)
        valid = Signal(self._summed, name="stage_valid")
        with m.If(stages.advance):
            m.d.sync += valid.eq(Cat(self.i.valid & self.i.ready, valid))
        read_address = stages.register("read_address", number, self._summed - 1)
        write_address = stages.register("write_address", read_address, 2)
        first = stages.register("first_tile", self.i.payload.first, self._summed - 1)
        final = stages.register("final_tile", self.i.payload.final, self._summed)

        m.submodules.kept = memory = Memory(
            shape=kind.width * spec.columns, depth=spec.depth, init=[]
        )
        write, read = memory.write_port(), memory.read_port(domain="comb")
        # Gates between the memory and its register keep synthesis from taking block RAM, whose
        # output is slower than reading a memory of tables, the gates, and the register.
        kept = stages.register("kept_sums", read.data & (~first).replicate(len(read.data)))
        totals = [
            add_term(term[: kind.width], kept.word_select(column, kind.width), C(0))
            for column, term in enumerate(sums)
        ]
        results = stages.register("results", Cat(totals))
        arriving = valid[-1]
        keeping, leaving = Signal(name="keeping"), Signal(name="leaving")
        with m.If(stages.advance):
            m.d.sync += [keeping.eq(arriving & ~final), leaving.eq(arriving & final)]
        m.d.comb += [
            read.addr.eq(read_address),
            write.addr.eq(write_address),
            write.data.eq(results),
            write.en.eq(stages.advance & keeping),
            stages.advance.eq(~self.o.valid | self.o.ready),
            self.o.valid.eq(leaving),
            self.o.payload.as_value().eq(results),
        ]
