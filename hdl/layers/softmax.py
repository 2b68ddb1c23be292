"""Softmax as TFLite's reference kernel computes it."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.gemmlowp import FORTY_EIGHT_SEVENTEENTHS, MINUS_THIRTY_TWO_SEVENTEENTHS, ONE
from golden.graph import Tensor
from golden.softmax import SUM_INTEGER_BITS
from hdl.adder_tree import add_term
from hdl.layers.codes import Int64, code_stream
from hdl.multiply import MULTIPLY_LATENCY, multiply
from hdl.pipeline import Stages
from hdl.ram import Ram
from hdl.rom import Rom
from hdl.shapes import shape_of

_TERM_CYCLES = 4
"""From the number of a code to its exponential: code, difference, table, register."""

_SCALE_CYCLES = _TERM_CYCLES + MULTIPLY_LATENCY + 2
"""From the number of a code to its output: exponential, product, shift, rounding."""

_MULTIPLICATIONS = 7
"""Of the reciprocal: a first guess, and two for each of three Newton-Raphson steps."""


class Softmax(wiring.Component):
    """Softmax over the channels, row by row.

        o[c] = round(exponential[largest - i[c]] / sum of all exponentials), scaled

    `golden.softmax` has the arithmetic. One multiplier of 32 x 32 bits serves the reciprocal's
    Newton-Raphson steps and then the scaling of the codes, one after the other.

    Parameters
    ----------
    node : golden.graph.Softmax
        Table of exponentials and type of the output.
    tensor : Tensor
        What it reads, codes of at most 8 bits.
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    i : In(stream)
        Codes, one to a beat.
    o : Out(stream)
        Codes, one to a beat.

    A row is taken whole, summed, and scaled before the next is taken: `cycles_per_row` cycles,
    three for each code and a constant. Latency `latency` cycles from the last code of a row to the
    first output; then one output per cycle.
    """

    lanes = 1
    pauses = True

    def __init__(self, node: graph.Softmax, tensor: Tensor, name: str = "softmax") -> None:
        self.node = node
        self.tensors = (tensor,)
        self.name = name
        self._output = node.infer(tensor).tensor.type
        super().__init__(
            {"i": In(code_stream(tensor.type, 1)), "o": Out(code_stream(self._output, 1))}
        )

    @property
    def latency(self) -> int:
        """Cycles from the last code of a row to the first output."""
        summing = self.tensors[0].channels + _TERM_CYCLES + 1
        reciprocal = _MULTIPLICATIONS * (MULTIPLY_LATENCY + 1) + 1
        return summing + SUM_INTEGER_BITS + reciprocal + _SCALE_CYCLES + 1

    @property
    def cycles_per_row(self) -> int:
        """Cycles between rows."""
        return self.latency + 2 * self.tensors[0].channels - 1

    def cycles_per_image(self) -> int:
        """Return the cycles between images, of one or several rows."""
        tensor = self.tensors[0]
        return tensor.elements // tensor.channels * self.cycles_per_row

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        channels = self.tensors[0].channels
        return (outputs // channels + 1) * channels

    def elaborate(self, platform: object) -> Module:
        """Build the path of a code, the multiplier, and the sequence of a row."""
        m = Module()
        stages = Stages(m, platform)
        m.d.comb += stages.advance.eq(~self.o.valid | self.o.ready)
        kind, channels = self.tensors[0].type, self.tensors[0].channels

        index = Signal(range(channels))
        at_last = index == channels - 1
        code = self.i.payload[0]
        largest = Signal(shape_of(kind), reset_less=True)
        m.submodules.codes = codes = Ram(kind.width, 1, channels)
        m.d.comb += [
            codes.write.eq(self.i.valid & self.i.ready),
            codes.write_address.eq(index),
            codes.write_data.eq(code),
            codes.enable.eq(stages.advance),
            codes.address.eq(index),
        ]
        term = self._term(m, stages, codes.data, largest)

        summing, scaling = Signal(), Signal()
        to_sum, to_output = Signal(_TERM_CYCLES), Signal(_SCALE_CYCLES)
        with m.If(stages.advance):
            m.d.sync += [
                to_sum.eq(Cat(summing, to_sum)),
                to_output.eq(Cat(scaling, to_output)),
            ]
        m.d.comb += self.o.valid.eq(to_output[-1])

        total = Signal(32)
        headroom = Signal(range(SUM_INTEGER_BITS + 1))
        with m.If(to_sum[-1]):
            rounded_up = term[SUM_INTEGER_BITS - 1]
            m.d.sync += total.eq(add_term(total, term[SUM_INTEGER_BITS:], rounded_up))

        reciprocal = _Reciprocal(m, half_denominator=total[1:])
        product = multiply(
            stages,
            "product",
            Mux(to_output[_TERM_CYCLES - 1], reciprocal.result, reciprocal.a),
            Mux(to_output[_TERM_CYCLES - 1], Cat(term, C(0, 1)).as_signed(), reciprocal.b),
            addend=C(1 << 30),
        )[31:].as_signed()
        m.d.comb += self.o.payload[0].eq(self._output_code(stages, product, headroom))

        def count(following: str) -> None:
            m.d.sync += index.eq(index + 1)
            with m.If(at_last):
                m.d.sync += index.eq(0)
                m.next = following

        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [total.eq(0), headroom.eq(0)]
                with m.If(self.i.valid):
                    with m.If((index == 0) | (code > largest)):
                        m.d.sync += largest.eq(code)
                    count("sum")
            with m.State("sum"):
                m.d.comb += summing.eq(1)
                count("summed")
            with m.State("summed"), m.If(~to_sum.any()):
                m.next = "normalise"
            with m.State("normalise"):
                # The sum holds at least one 1.0, so so many shifts bring its top bit up.
                with m.If(~total[-1]):
                    m.d.sync += [total.eq(total << 1), headroom.eq(headroom + 1)]
                step = Signal(range(SUM_INTEGER_BITS))
                m.d.sync += step.eq(step + 1)
                with m.If(step == SUM_INTEGER_BITS - 1):
                    m.d.sync += step.eq(0)
                    m.next = "invert"
            with m.State("invert"):
                reciprocal.advance(m, product)
                with m.If(reciprocal.finished):
                    m.next = "scale"
            with m.State("scale"):
                m.d.comb += scaling.eq(1)
                with m.If(stages.advance):
                    count("scaled")
            with m.State("scaled"), m.If(stages.advance & ~to_output[:-1].any()):
                m.next = "take"
        return m

    def _term(self, m: Module, stages: Stages, bits: Value, largest: Value) -> Value:
        """Return the exponential of a code read from the memory, three cycles later."""
        width = self.tensors[0].type.width
        m.submodules.exponential = rom = Rom(self.name, [(self.node.exponential, ONE.bit_length())])
        # Modulo the codes' range, where every difference from the largest lies.
        difference = stages.register("difference", (largest - bits)[:width])
        m.d.comb += [rom.enable.eq(stages.advance), rom.address.eq(difference)]
        return stages.register("term", rom.data)

    def _output_code(self, stages: Stages, product: Value, headroom: Value) -> Value:
        """Return the product, divided by ``2**(shift - headroom)`` half up, as a code."""
        shift = SUM_INTEGER_BITS + 31 - self._output.width
        shifted = stages.register("shifted", (product << headroom)[shift - 1 :].as_unsigned())
        rounded = (shifted + 1) >> 1
        steps = (1 << self._output.width) - 1
        code = Mux(rounded > steps, steps, rounded)[: self._output.width]
        lowest_bits = self._output.minimum & steps  # Turns the top bit of a signed code.
        return stages.register("code", code ^ lowest_bits)


class _Reciprocal:
    """1 / (1 + x) in Q0.31 as gemmlowp's one_over_one_plus_x_for_x_in_0_1 computes it.

    With ``half_denominator = (1 + x) / 2`` in Q0.31, between one half and one:

        guess = 48 / 17 - 32 / 17 * half_denominator                             Q2.29
        three times: guess += guess * (1 - half_denominator * guess)
        result = guess / 2

    The first guess errs by at most 1/17 and every step squares the error, so neither corrections
    nor guesses leave 32 bits; the result alone saturates, at 1.0.

    Attributes
    ----------
    a, b : Value
        Operands of the multiplication under way.
    result : Value
        Valid when finished.
    finished : Value
        Whether the last step has been taken.
    """

    def __init__(self, m: Module, half_denominator: Value) -> None:
        self._guess = Signal(signed(32), name="guess", reset_less=True)
        self._error = Signal(signed(32), name="error", reset_less=True)
        self._number = Signal(range(_MULTIPLICATIONS + 1), name="multiplication")
        self._cycle = Signal(range(MULTIPLY_LATENCY + 1), name="multiplication_cycle")
        denominator = Cat(half_denominator, C(0, 1)).as_signed()
        corrects = (self._number != 0) & ~self._number[0]
        self.a: Value = Mux(corrects, self._guess, denominator)
        self.b: Value = Mux(
            self._number == 0,
            C(MINUS_THIRTY_TWO_SEVENTEENTHS, signed(32)),
            Mux(corrects, self._error, self._guess),
        )
        self.finished: Value = self._number == _MULTIPLICATIONS
        self.result = Signal(signed(32), name="reciprocal", reset_less=True)

    def advance(self, m: Module, product: Value) -> None:
        """Add the statements of one cycle; `product` is of operands of `MULTIPLY_LATENCY` ago."""
        with m.If(self.finished):
            one = self._guess[30:].any()
            m.d.sync += [
                self.result.eq(Mux(one, ONE, self._guess << 1)),
                self._number.eq(0),
            ]
        with m.Elif(self._cycle != MULTIPLY_LATENCY):
            m.d.sync += self._cycle.eq(self._cycle + 1)
        with m.Else():
            m.d.sync += [self._cycle.eq(0), self._number.eq(self._number + 1)]
            with m.If(self._number == 0):
                m.d.sync += self._guess.eq(product + FORTY_EIGHT_SEVENTEENTHS)
            with m.Elif(self._number[0]):
                m.d.sync += self._error.eq((1 << 29) - product)
            with m.Else():
                m.d.sync += self._guess.eq(self._guess + (product << 2))
