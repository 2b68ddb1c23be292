"""Dot products with coded weights, without multipliers."""

from abc import ABC, abstractmethod

from amaranth.hdl import C, Cat, Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.coded_spec import CodedSpec
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.adder_tree import adder_tree, adder_tree_latency
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.popcount import lookup
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from bittrue.hdl.blocks.shapes import shape_of

_TABLE_INPUTS = 6
"""Of the look-up tables that products are made for."""


class CodedDotProduct(wiring.Component, ABC):
    """Multiply numbers with coded weights and add them up over lanes and beats.

    Parameters
    ----------
    spec : CodedSpec
        Code, input type, lanes and length.

    Members
    -------
    i : In(stream.Signature(...))
        ``input`` and ``weight``, an element for each lane, and ``last``, which ends a frame. Lanes
        that are not used hold an input of 0.
    o : Out(stream.Signature(...))
        The sum of each frame.

    Latency from the last beat is `latency` cycles; one beat per cycle. Nothing inside ever stalls:
    while sums wait in the FIFO behind the accumulator, beats are accepted as long as it has room
    for those of all frames under way. Products and partial sums are as wide as they can become; the
    accumulator holds the sum of ``spec.length`` products, and beyond that wraps.
    """

    def __init__(self, spec: CodedSpec) -> None:
        self.spec = spec
        self._sum_latency = self._product_latency + adder_tree_latency(spec.lanes) + 1
        self.latency = self._sum_latency + BUFFER_LATENCY
        payload = data.StructLayout(
            {
                "input": data.ArrayLayout(shape_of(spec.input), spec.lanes),
                "weight": data.ArrayLayout(spec.code.width, spec.lanes),
                "last": 1,
            }
        )
        super().__init__(
            {
                "i": In(stream.Signature(payload)),
                "o": Out(stream.Signature(shape_of(spec.sum_type))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the products, the adder tree and the accumulator."""
        m = Module()
        beat = self.i.payload
        accepted, results = buffered(m, self.i, self.o, self._sum_latency, beat.last)
        pipeline = FramePipeline(m, platform, accepted, beat.last, self._sum_latency)
        products = [
            self._product(pipeline, f"product_{lane}", beat.input[lane], beat.weight[lane])
            for lane in range(self.spec.lanes)
        ]
        term = adder_tree(pipeline, "sum", products)
        m.d.comb += [
            results.valid.eq(pipeline.valid[-1]),
            results.payload.eq(pipeline.accumulate("total", self.spec.sum_type, term)),
        ]
        return m

    @property
    @abstractmethod
    def _product_latency(self) -> int:
        """Cycles of a product."""

    @abstractmethod
    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        """Return the product of a number and a weight's code."""


class TernaryDotProduct(CodedDotProduct):
    """Multiply numbers with weights -1, 0 and +1 and add them up over lanes and beats.

        o.payload = sum(input * weight)

    The weight's bit 0 says that it is not zero, bit 1 that it is negative.

    Parameters
    ----------
    spec : CodedSpec
        Its code is `WeightCode.ternary`.

    Members
    -------
    i : In(stream.Signature(...))
        ``input`` and ``weight``, an element for each lane, and ``last``, which ends a frame. Lanes
        that are not used hold an input of 0.
    o : Out(stream.Signature(...))
        The sum of each frame.

    Latency from the last beat is 3 cycles and one for each level of the adder tree; one beat per
    cycle, full throughput under back-pressure. Products and partial sums are as wide as they can
    become; the accumulator holds the sum of ``spec.length`` products, and beyond that wraps.
    """

    @property
    def _product_latency(self) -> int:
        return 2

    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        number = pipeline.register(f"{name}_input", number)
        code = pipeline.register(f"{name}_weight", code)
        product = self.spec.code.product(self.spec.input)
        kept = _resize(number, product) & code[0].replicate(product.width)
        return pipeline.register(name, _negate(kept, code.all(), product))


class LogDotProduct(CodedDotProduct):
    """Multiply numbers with powers of two by shifts and add them up over lanes and beats.

        o.payload = sum(+-(input << exponent))

    The weight's highest bit is the sign; an exponent above the largest makes the product 0.

    Parameters
    ----------
    spec : CodedSpec
        Its code is a `WeightCode.power_of_two`.

    Members
    -------
    i : In(stream.Signature(...))
        ``input`` and ``weight``, an element for each lane, and ``last``, which ends a frame. Lanes
        that are not used hold an input of 0.
    o : Out(stream.Signature(...))
        The sum of each frame.

    Latency from the last beat is 4 cycles and one for each level of the adder tree; one beat per
    cycle, full throughput under back-pressure. Products and partial sums are as wide as they can
    become; the accumulator holds the sum of ``spec.length`` products, and beyond that wraps.
    """

    @property
    def _product_latency(self) -> int:
        return 3

    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        number = pipeline.register(f"{name}_input", number)
        code = pipeline.register(f"{name}_weight", code)
        positive = self.spec.code.values[: len(self.spec.code.values) // 2]
        zero = Cat(code[:-1] == e for e, value in enumerate(positive) if not value).any()
        product = self.spec.code.product(self.spec.input)
        shifted = _resize(number << code[:-1], product) & (~zero).replicate(product.width)
        shifted = pipeline.register(f"{name}_shifted", shifted)
        negative = pipeline.register(f"{name}_negative", code[-1])
        return pipeline.register(name, _negate(shifted, negative, product))


class LutDotProduct(CodedDotProduct):
    """Multiply numbers with weights of a codebook by tables and add them up over lanes and beats.

        o.payload = sum(input * values[weight])

    The input is cut into digits so narrow that weight and digit are the inputs of one table.

    Parameters
    ----------
    spec : CodedSpec
        Its code is the codebook.

    Members
    -------
    i : In(stream.Signature(...))
        ``input`` and ``weight``, an element for each lane, and ``last``, which ends a frame. Lanes
        that are not used hold an input of 0.
    o : Out(stream.Signature(...))
        The sum of each frame.

    Latency from the last beat is 2 cycles and one for each level of the trees that add digits and
    lanes; one beat per cycle, full throughput under back-pressure. Products and partial sums are as
    wide as they can become; the accumulator holds the sum of ``spec.length`` products, and beyond
    that wraps.
    """

    @property
    def _digit_width(self) -> int:
        return max(_TABLE_INPUTS - self.spec.code.width, 1)

    @property
    def _digits(self) -> list[range]:
        width = self.spec.input.width
        return [
            range(start, min(start + self._digit_width, width))
            for start in range(0, width, self._digit_width)
        ]

    @property
    def _product_latency(self) -> int:
        return 1 + adder_tree_latency(len(self._digits))

    def _product(self, pipeline: Stages, name: str, number: Value, code: Value) -> Value:
        partial = [
            pipeline.register(
                f"{name}_digit_{digit.start}",
                self._table(
                    code,
                    number[digit.start : digit.stop],
                    self.spec.input.signed and digit.stop == self.spec.input.width,
                ),
            )
            for digit in self._digits
        ]
        total = adder_tree(pipeline, name, partial, self._digit_width)
        return _resize(total, self.spec.code.product(self.spec.input))

    def _table(self, code: Value, digit: Value, signed: bool) -> Value:
        """Return the product of a weight and a digit, looked up."""
        kind = IntegerType(len(digit), signed)
        result = self.spec.code.product(kind)
        values = self.spec.code.values

        def product(*bits: int) -> int:
            number = sum(bit << place for place, bit in enumerate(bits))
            weight = values[number & (len(values) - 1)]
            unsigned = number >> self.spec.code.width
            wrapped = unsigned - (1 << kind.width) if unsigned > kind.maximum else unsigned
            return (weight * wrapped) & ((1 << result.width) - 1)

        bits = Cat(*lookup([*code, *digit], product))
        return bits.as_signed() if result.signed else bits


def _negate(value: Value, negative: Value, kind: IntegerType) -> Value:
    """Return a value of a type, or its negative, which the type is known to hold."""
    return _resize((value ^ negative.replicate(kind.width)) + negative, kind)


def _resize(value: Value, kind: IntegerType) -> Value:
    """Return a value in a type that is known to hold it."""
    sign = value[-1] if value.shape().signed else C(0, 1)
    bits = Cat(value, sign.replicate(kind.width))[: kind.width]
    return bits.as_signed() if kind.signed else bits
