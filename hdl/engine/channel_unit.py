"""What looks at all channels of a pixel: softmax, and which channel's code is the greatest."""

from amaranth.hdl import C, Cat, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.softmax import SUM_INTEGER_BITS
from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY
from bittrue.hdl.blocks.pipeline import ValidStages
from bittrue.hdl.blocks.softmax_arithmetic import (
    SCALE_LATENCY,
    SUM_BITS,
    Reciprocal,
    added,
    high_product,
    output_code,
)
from bittrue.hdl.engine.memories import table_port, tile_port
from bittrue.hdl.engine.results import result_layout

_CODE = IntegerType(8, True)

_COMPARED = 2
"""Cycles from the address of a code to its comparison with the greatest."""

_TERM = _COMPARED + 2
"""To its exponential: difference, table."""


def channel_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of what a `Softmax` or a `GreatestChannel` says, in as many bits as are used.

    Members as of `golden.engine.instruction`, and ``softmax``, which of the two it is; ``table``
    means nothing to the other.
    """
    return data.StructLayout(
        {
            "input": range(engine.input_words),
            "plane": range(engine.input_words + 1),
            "output": range(engine.output_words),
            "pixels": 32,
            "channels": 16,
            "table": range(engine.tables),
            "softmax": 1,
        }
    )


class ChannelUnit(wiring.Component):
    """Walk over the channels of one pixel after the other, a code in a cycle.

        codes = what `golden.engine.execute` writes for a `golden.engine.instruction.Softmax` or
        `golden.engine.instruction.GreatestChannel`

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    i : In(stream.Signature(...))
        Instructions; see `channel_layout`.
    tile : Out(tile_port)
    table : Out(table_port)
    o : Out(stream.Signature(...))
        Words; see `hdl.engine.results.result_layout`.

    A pixel's channels are walked once for the greatest code, and for softmax twice more: for the
    sum of exponentials, and, after its reciprocal, for the codes. The last walk holds while a word
    waits.
    """

    LATENCY = _TERM + MULTIPLY_LATENCY + SCALE_LATENCY
    """Cycles from the address of a code to its place in a word."""

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "i": In(stream.Signature(channel_layout(engine))),
                "tile": Out(tile_port(engine)),
                "table": Out(table_port(engine)),
                "o": Out(stream.Signature(result_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the walk over channels, the path of a code, and the sequence of a pixel."""
        m = Module()
        engine = self.engine
        given = Signal(channel_layout(engine), name="instruction")
        left = Signal(32, name="pixels_left")
        walks, last = Signal(name="walks"), Signal(name="last_channel")
        stages = ValidStages(m, platform, walks, self.LATENCY, stalls=True)
        channel = Signal(16, name="channel")
        lane = channel[: (engine.lanes - 1).bit_length()]
        read_address = Signal(range(engine.input_words), name="read_address")
        write_address = Signal(range(engine.output_words), name="write_address")
        begins, ended = Signal(name="pixel_begins"), Signal(name="walk_ended")
        m.d.comb += [
            last.eq(channel + 1 == given.channels),
            ended.eq(walks & stages.advance & last),
            self.tile.enable.eq(stages.advance),
            self.tile.address.eq(read_address),
        ]
        with m.If(walks & stages.advance):
            m.d.sync += channel.eq(channel + 1)
            with m.If(lane.all()):
                m.d.sync += [
                    read_address.eq(read_address + given.plane),
                    write_address.eq(write_address + given.pixels),
                ]
        with m.If(ended | begins):
            m.d.sync += [
                channel.eq(0),
                read_address.eq(given.input),
                write_address.eq(given.output),
            ]

        # The path of a code, through every walk.
        read_lane = stages.register("read_lane", lane)
        word_code = Signal(_CODE.width, name="word_code")
        with m.Switch(read_lane):
            for k in range(engine.lanes):
                with m.Case(k):
                    m.d.comb += word_code.eq(self.tile.data.word_select(k, _CODE.width))
        code = stages.register("code_read", word_code).as_signed()
        number = stages.register("channel_read", channel, _COMPARED)
        finding, summing = Signal(name="finding"), Signal(name="summing")
        largest = Signal(signed(_CODE.width), name="largest", reset_less=True)
        where = Signal(16, name="where", reset_less=True)
        with m.If(stages.valid[_COMPARED - 1] & finding & ((number == 0) | (code > largest))):
            m.d.sync += [largest.eq(code), where.eq(number)]
        difference = stages.register("difference", (largest - code)[: _CODE.width])
        m.d.comb += [
            self.table.enable.eq(stages.advance),
            self.table.address.eq(Cat(difference, given.table)),
        ]
        term = self.table.data[: SUM_BITS - 1]
        total = Signal(SUM_BITS, name="total")
        with m.If(stages.valid[_TERM - 1] & summing):
            m.d.sync += total.eq(added(total, term))
        normalised = Signal(SUM_BITS, name="normalised", reset_less=True)
        headroom = Signal(range(SUM_INTEGER_BITS + 1), name="headroom")
        scaling = Signal(name="scaling")
        reciprocal = Reciprocal(m, half_denominator=normalised[1:])
        product = high_product(
            stages,
            Mux(scaling, reciprocal.result, reciprocal.a),
            Mux(scaling, Cat(term, C(0, 1)).as_signed(), reciprocal.b),
        )
        scaled = output_code(stages, product, headroom, _CODE)
        beat = Cat(lane, last | lane.all(), last & (left == 1), write_address, walks & scaling)
        made = self._word(m, stages, stages.register("scaled", beat, self.LATENCY), scaled)

        telling = Signal(name="telling")
        with m.If(telling):
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.payload.codes.as_value().eq(where),
                self.o.payload.address.eq(write_address),
                self.o.payload.end.eq(left == 1),
            ]
        with m.FSM():
            with m.State("wait"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [given.eq(self.i.payload), left.eq(self.i.payload.pixels)]
                with m.If(self.i.valid):
                    m.next = "begin"
            with m.State("begin"):
                m.d.comb += begins.eq(1)
                m.d.sync += [total.eq(0), headroom.eq(0)]
                m.next = "find"
            with m.State("find"):
                m.d.comb += [walks.eq(1), finding.eq(1)]
                with m.If(ended):
                    m.next = "found"
            with m.State("found"):
                m.d.comb += finding.eq(1)
                # Nothing is left that the sum would take for its own.
                with m.If(~stages.valid[:_TERM].any()):
                    with m.If(given.softmax):
                        m.next = "sum"
                    with m.Else():
                        m.next = "tell"
            with m.State("tell"):
                m.d.comb += telling.eq(1)
                with m.If(self.o.ready):
                    m.next = "next"
            with m.State("sum"):
                m.d.comb += [walks.eq(1), summing.eq(1)]
                with m.If(ended):
                    m.next = "summed"
            with m.State("summed"):
                m.d.comb += summing.eq(1)
                m.d.sync += normalised.eq(total)
                with m.If(~stages.valid[:_TERM].any()):
                    m.next = "normalise"
            with m.State("normalise"):
                # The sum holds at least one 1.0; the limit is for tables that are none.
                with m.If(normalised[-1] | (headroom == SUM_INTEGER_BITS)):
                    m.next = "invert"
                with m.Else():
                    m.d.sync += [normalised.eq(normalised << 1), headroom.eq(headroom + 1)]
            with m.State("invert"):
                reciprocal.advance(m, product)
                with m.If(reciprocal.finished):
                    m.next = "scale"
            with m.State("scale"):
                m.d.comb += [walks.eq(1), scaling.eq(1)]
                with m.If(ended):
                    m.next = "scaled"
            with m.State("scaled"):
                m.d.comb += scaling.eq(1)
                with m.If(~stages.valid.any() & ~made):
                    m.next = "next"
            with m.State("next"):
                m.d.sync += [
                    left.eq(left - 1),
                    given.input.eq(given.input + 1),
                    given.output.eq(given.output + 1),
                ]
                m.next = "begin"
                with m.If(left == 1):
                    m.next = "wait"
        return m

    def _word(self, m: Module, stages: ValidStages, beat: Value, code: Value) -> Value:
        """Put codes into words, and hand these out; return whether one waits."""
        lanes = self.engine.lanes
        lane_bits = (lanes - 1).bit_length()
        lane, full, end = beat[:lane_bits], beat[lane_bits], beat[lane_bits + 1]
        address, belongs = beat[lane_bits + 2 : -1], beat[-1]
        word = Signal(data.ArrayLayout(_CODE.width, lanes), name="word")
        holds, is_end = Signal(name="word_is_full"), Signal(name="word_is_last")
        place = Signal(Shape(len(address)), name="word_address")
        m.d.comb += [
            stages.advance.eq(~holds | self.o.ready),
            self.o.valid.eq(holds),
            self.o.payload.codes.as_value().eq(word.as_value()),
            self.o.payload.address.eq(place),
            self.o.payload.end.eq(is_end),
        ]
        arrives = stages.valid[-1] & belongs
        with m.If(stages.advance):
            m.d.sync += holds.eq(arrives & full)
        with m.If(stages.advance & arrives):
            m.d.sync += [place.eq(address), is_end.eq(end)]
            for k in range(lanes):
                with m.If(lane == k):
                    m.d.sync += word[k].eq(code)
                with m.Elif(lane == 0):
                    m.d.sync += word[k].eq(0)
        return holds
