"""Functions of codes, and sums, products and extremes of two words' codes."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import FACTOR_BITS, Operation
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.pipeline import ValidStages
from bittrue.hdl.engine.memories import table_port, tile_port
from bittrue.hdl.engine.record_requantizer import sum_layout
from bittrue.hdl.engine.results import result_layout

_CODE_BITS = 8


def vector_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of what a `golden.engine.instruction.Vector` says, in as many bits as are used."""
    return data.StructLayout(
        {
            "a": range(engine.input_words),
            "b": range(engine.input_words),
            "output": range(engine.output_words),
            "words": 32,
            "records": range(engine.records),
            "operation": range(len(Operation)),
            "table_a": range(engine.tables),
            "table_b": range(engine.tables),
            "repeat": 1,
        }
    )


class VectorUnit(wiring.Component):
    """Read the words of one operand or two, and make a word of them.

        codes = what `golden.engine.execute` writes for a `golden.engine.instruction.Vector`

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    i : In(stream.Signature(...))
        Instructions; see `vector_layout`.
    tile : Out(tile_port)
    tables : Out(table_port), one for each lane
    o : Out(stream.Signature(...))
        Words that need no record; see `hdl.engine.results.result_layout`.
    sums : Out(stream.Signature(...))
        Sums and products; see `hdl.engine.record_requantizer.sum_layout`.

    An operand's word per cycle: words of one operand in one cycle, of two in two. An instruction
    begins in the second cycle after the last operand of the one before. Latency `LATENCY` cycles;
    all stages hold while a word waits.
    """

    LATENCY = 3 + MULTIPLIER_LATENCY

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "i": In(stream.Signature(vector_layout(engine))),
                "tile": Out(tile_port(engine)),
                "tables": Out(table_port(engine)).array(engine.lanes),
                "o": Out(stream.Signature(result_layout(engine))),
                "sums": Out(stream.Signature(sum_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the walk over words, and a pipeline behind it."""
        m = Module()
        engine = self.engine
        vector = Signal(vector_layout(engine), name="under_way")
        works, second = Signal(name="works"), Signal(name="second_operand")
        stages = ValidStages(m, platform, works, self.LATENCY, stalls=True)
        two, last, moves = Signal(name="two"), Signal(name="last"), Signal(name="moves")
        m.d.comb += [
            two.eq(vector.operation != Operation.LOOK_UP),
            last.eq(vector.words == 1),
            moves.eq(works & stages.advance),
            self.i.ready.eq(~works),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [vector.eq(self.i.payload), works.eq(1)]
        with m.If(moves):
            m.d.sync += second.eq(two & ~second)
            with m.If(second | ~two):
                m.d.sync += [
                    vector.a.eq(vector.a + 1),
                    vector.b.eq(Mux(vector.repeat, vector.b, vector.b + 1)),
                    vector.output.eq(vector.output + 1),
                    vector.words.eq(vector.words - 1),
                    works.eq(~last),
                ]
        m.d.comb += [
            self.tile.enable.eq(stages.advance),
            self.tile.address.eq(Mux(second, vector.b, vector.a)),
        ]
        self._make(m, stages, vector, second | ~two, second, last)
        return m

    def _make(
        self,
        m: Module,
        stages: ValidStages,
        vector: data.View,
        complete: Value,
        second: Value,
        last: Value,
    ) -> None:
        """Build what becomes of words: entries a cycle after the codes, then what is made."""
        engine, end = self.engine, self.LATENCY
        table = stages.register("table", Mux(second, vector.table_b, vector.table_a))
        read_operation = stages.register("operation_read", vector.operation)
        operation = stages.register("operation", read_operation)
        multiplies = stages.register("multiplies", operation == Operation.MULTIPLY, end - 2)
        direct = stages.register(
            "direct", (operation != Operation.ADD) & (operation != Operation.MULTIPLY), end - 2
        )
        looks = stages.register("looks", operation == Operation.LOOK_UP)
        factors, totals, codes = [], [], []
        for lane, port in enumerate(self.tables):
            code = self.tile.data.word_select(lane, _CODE_BITS)
            index = code ^ C(1 << (_CODE_BITS - 1), _CODE_BITS)
            m.d.comb += [port.enable.eq(stages.advance), port.address.eq(Cat(index, table))]
            # The first operand is a cycle ahead of the second.
            first = stages.register(f"first_{lane}", code)
            greater = first.as_signed() > code.as_signed()
            takes_first = greater ^ (read_operation == Operation.MINIMUM)
            extreme = stages.register(f"extreme_{lane}", Mux(takes_first, first, code))
            entry = stages.register(f"entry_{lane}", port.data)
            made = Mux(looks, entry[:_CODE_BITS], stages.register(f"extreme_held_{lane}", extreme))
            codes.append(stages.register(f"code_{lane}", made, end - 3))
            total = stages.register(f"sum_{lane}", (entry + port.data)[:32], end - 2)
            factors.append((entry[:FACTOR_BITS], port.data[:FACTOR_BITS]))
            totals.append(total)
        products = self._products(stages, factors, stages.register("both_read", complete, 2))
        sums = [
            Mux(multiplies, product, total)[:32]
            for product, total in zip(products, totals, strict=True)
        ]
        finished = stages.register("finished", complete, end)
        valid = stages.valid[-1] & finished
        address = stages.register("address", vector.output, end)
        ends = stages.register("end", last, end)
        lane_bits = (engine.lanes - 1).bit_length()
        m.d.comb += [
            stages.advance.eq(
                ~(self.o.valid & ~self.o.ready) & ~(self.sums.valid & ~self.sums.ready)
            ),
            self.o.valid.eq(valid & direct),
            self.o.payload.address.eq(address),
            self.o.payload.codes.as_value().eq(Cat(codes)),
            self.o.payload.end.eq(ends),
            self.sums.valid.eq(valid & ~direct),
            self.sums.payload.accumulators.as_value().eq(Cat(sums)),
            self.sums.payload.records.eq(
                stages.register("records", vector.records[lane_bits:], end)
            ),
            self.sums.payload.address.eq(address),
            self.sums.payload.end.eq(ends),
        ]

    def _products(
        self, stages: ValidStages, factors: list[tuple[Value, Value]], both_read: Value
    ) -> list[Value]:
        """Multiply the factors of all lanes, three cycles after the entries of the second operand.

        Words of two operands come every other cycle, so a multiplier serves two lanes: one in the
        cycle in which both operands have been read, the other in the next.
        """
        half = len(factors) // 2
        lower, upper = [], []
        for lane, (now, later) in enumerate(zip(factors[:half], factors[half:], strict=True)):
            chosen = [
                Mux(both_read, one, stages.register(f"factor_{lane + half}_{place}", other))
                for place, (one, other) in enumerate(zip(now, later, strict=True))
            ]
            product = multiplier(
                stages, f"product_{lane}", *(factor.as_signed() for factor in chosen)
            )
            lower.append(stages.register(f"product_held_{lane}", product))
            upper.append(product)
        return [*lower, *upper]
