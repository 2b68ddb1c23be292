"""Accumulators of a word to codes, by records that are given with them."""

from amaranth.hdl import Cat, Module, Mux, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.long_multiply import long_multiply
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, MULTIPLY_LATENCY, multiply
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.saturate import saturate
from bittrue.hdl.blocks.staged import Staged, computed, passed

ACCUMULATOR = signed(32)

RECORD = data.StructLayout(
    {
        "bias": signed(32),
        "multiplier": 32,
        "positive": signed(64),
        "negative": signed(64),
        "shift": 8,
        "zero_point": signed(8),
        "minimum": signed(8),
        "maximum": signed(8),
        "unused": 32,
    }
)
"""A record as memory has it; see `golden.engine.record`."""

_MULTIPLIER_BITS = 31
_SHIFT_BITS = 6
_COARSE = 3
"""Bits of the shift by which the first of two shifters does not shift."""

_NARROW = IntegerType(10, True)
"""What is left of a code before its zero point: beyond it, every zero point ends in a limit."""


class WordRequantizer(wiring.Component):
    """Scale the accumulators of a word to codes, each by a record of its own.

        total = accumulator + bias, modulo 2**32
        code = clamp(((total * multiplier + constant) >> shift) + zero_point)
        constant = negative if total < 0 else positive

    Parameters
    ----------
    lanes : int
        Codes of a word, at least 1.
    tag : int
        Bits that pass with a word, at least 1.
    long : bool
        Whether multipliers take 25 x 18 bits, as a DSP48E1 does: two for each lane, and tables;
        otherwise four of 18 x 18.

    Members
    -------
    i : In(stream.Signature(...))
        ``accumulators`` and ``records`` (`RECORD`), one for each lane, and ``tag``. Multipliers are
        below 2**31, shifts below 63, constants below 2**62 in magnitude.
    o : Out(stream.Signature(...))
        ``codes``, signed bytes, and ``tag``.

    Latency `latency` cycles, one word per cycle; all stages hold while the output waits, and
    ``i.ready`` follows ``o.ready``. The product of 32 and 31 bits with its constant keeps every
    bit; what is shifted out of it saturates to 10 bits, which decide the code.
    """

    LATENCY = 1 + MULTIPLY_LATENCY + 4

    def __init__(self, lanes: int, tag: int = 1, long: bool = False) -> None:
        self.lanes = lanes
        self.long = long
        self.latency = self.LATENCY
        super().__init__(
            {
                "i": In(
                    stream.Signature(
                        data.StructLayout(
                            {
                                "accumulators": data.ArrayLayout(ACCUMULATOR, lanes),
                                "records": data.ArrayLayout(RECORD, lanes),
                                "tag": tag,
                            }
                        )
                    )
                ),
                "o": Out(
                    stream.Signature(
                        data.StructLayout({"codes": data.ArrayLayout(signed(8), lanes), "tag": tag})
                    )
                ),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a pipeline of all lanes."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        codes = [self._lane(pipeline, lane) for lane in range(self.lanes)]
        tag = pipeline.register("tag", self.i.payload.tag, self.latency)
        m.d.comb += self.o.payload.as_value().eq(Cat(*codes, tag))
        return m

    def _lane(self, pipeline: Pipeline, lane: int) -> Value:
        """Return the code of a lane, 8 bits."""
        given = self.i.payload.records[lane]

        def field(name: str) -> Staged:
            return Staged(pipeline, f"{name}_{lane}", getattr(given, name))

        accumulator = Staged(pipeline, f"accumulator_{lane}", self.i.payload.accumulators[lane])
        total = computed(
            f"total_{lane}",
            lambda value, bias: (value + bias)[:32].as_signed(),
            accumulator,
            field("bias"),
        )
        constant = computed(
            f"constant_{lane}",
            lambda value, below, above: Mux(value[-1], below, above).as_signed(),
            total,
            field("negative"),
            field("positive"),
        )

        def scale(value: Value, multiplier: Value) -> Value:
            added = constant.at(total.stage + MULTIPLIER_LATENCY)
            factor = multiplier[:_MULTIPLIER_BITS]
            product = long_multiply if self.long else multiply
            return product(pipeline, f"scaled_{lane}", value, factor, addend=added)

        scaled = passed(f"scaled_{lane}", MULTIPLY_LATENCY, scale, total, field("multiplier"))
        coarse = computed(
            f"coarse_{lane}",
            lambda value, shift: value.as_signed() >> (shift[_COARSE:_SHIFT_BITS] << _COARSE),
            scaled,
            field("shift"),
        )
        fine = computed(
            f"fine_{lane}",
            lambda value, shift: saturate(value.as_signed() >> shift[:_COARSE], _NARROW),
            coarse,
            field("shift"),
        )
        moved = computed(
            f"moved_{lane}", lambda value, zero: value + zero, fine, field("zero_point")
        )

        def clamped(value: Value, low: Value, high: Value) -> Value:
            return Mux(value < low, low, Mux(value > high, high, value))[:8]

        code = computed(f"code_{lane}", clamped, moved, field("minimum"), field("maximum"))
        return code.at(self.latency)
