"""The certified requantizer: one layer's requantization in the fewest bits that are exact."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Shape, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from bittrue.golden.certificates.certificate import Certificate
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.booth import lut_rows_bits
from bittrue.hdl.blocks.logic_multiply import logic_multiply, logic_multiply_latency
from bittrue.hdl.blocks.look_up import LOOK_UP_LATENCY, looked_up
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.multiply import (
    MULTIPLIER_LATENCY,
    MULTIPLY_LATENCY,
    hardware_multipliers,
    multiply,
    multiply_tables,
)
from bittrue.hdl.blocks.pipeline import Pipeline, Stages
from bittrue.hdl.blocks.saturate import limit, out_of_range, saturate
from bittrue.hdl.blocks.shapes import shape_of, shape_spanning
from bittrue.hdl.blocks.staged import Staged, computed, latest, passed


def certified_latency(certificate: Certificate, in_logic: bool = False) -> int:
    """Return the cycles that the requantizer of a certificate takes."""
    multiplying = _multiply_latency(certificate, in_logic)
    return LOOK_UP_LATENCY + multiplying + 1 + (len(certificate.exception) > 0)


def certificate_multipliers(certificate: Certificate) -> int:
    """Return how many hardware multipliers a requantizer takes; none where it only shifts."""
    return hardware_multipliers(*_operands(certificate), _common_multiplier(certificate))


def certificate_tables(certificate: Certificate, accumulator: IntegerType) -> int:
    """Estimate the tables of a requantizer with hardware multipliers, its ROM left out."""
    narrow = certificate.saturated_accumulator
    tables = multiply_tables(*_operands(certificate), _common_multiplier(certificate))
    positive = certificate.positive_constant
    if narrow.signed and (positive != positive[0]).any():
        tables += certificate.shift  # The constant of an accumulator below zero.
    if narrow.width < accumulator.width:
        tables += accumulator.width - narrow.width
    bounds = int(certificate.minimum.min()), int(certificate.maximum.max())
    code = IntegerType.spanning(*bounds).width
    # Two comparisons and a choice; and an equality with a choice for each exception.
    return tables + 2 * code + len(certificate.exception) * (narrow.width // 3 + code)


def logic_product_bits(certificate: Certificate) -> int:
    """Return the bits of all rows of a product in logic, the measure of what it takes."""
    return lut_rows_bits(*_operands(certificate))


def _common_multiplier(certificate: Certificate) -> int | None:
    """Return the multiplier of all channels, if they have one."""
    multipliers = certificate.multiplier
    return int(multipliers[0]) if (multipliers == multipliers[0]).all() else None


def _operands(certificate: Certificate) -> tuple[Shape, Shape]:
    """Return the shapes of the accumulator and of the multipliers."""
    multipliers = certificate.multiplier
    shape = shape_spanning(int(multipliers.min()), int(multipliers.max()))
    return shape_of(certificate.saturated_accumulator), shape


def _multiply_latency(certificate: Certificate, in_logic: bool) -> int:
    """Return the cycles of a product with its addition."""
    if not in_logic:
        return MULTIPLY_LATENCY
    return logic_multiply_latency(*_operands(certificate))


class CertifiedRequantizer(wiring.Component):
    """Scale an accumulator of a known layer to an output code.

        o.payload = clamp((saturate(accumulator) * multiplier[channel] + constant) >> shift)
        constant = negative[channel] if accumulator < 0 else positive[channel]

    and, at the accumulators that the certificate lists as exceptions, one code beside it.

    Parameters
    ----------
    certificate : Certificate
        Integers proven to give the reference's code for every reachable accumulator.
    accumulator : IntegerType
        Type of the incoming accumulators, signed, 2 to 48 bits.
    output : IntegerType
        Type of the codes.
    name : str
        Prefix of the ROM's file name; unique within a design.
    memory : Memory, optional
        What the ROM is made of; see `hdl.blocks.rom.Rom`.
    in_logic : bool
        Whether tables and carry chains multiply, in place of hardware multipliers.
    stalls : bool
        Whether the output may wait, and everything with it. Without, nothing in it ever holds:
        ``i.ready`` is always high, and ``o.ready`` must be.

    Members
    -------
    i : In(stream.Signature(...))
        ``accumulator`` and ``channel``; an accumulator beyond the certificate's reachable range
        gives the code of the nearest reachable one, as far as codes are constant there.
    o : Out(stream.Signature(...))
        Output codes, in order.

    Latency `latency` cycles; one result per cycle. All stages hold while the output waits, and
    ``i.ready`` follows ``o.ready``.
    Zero points are folded into the constants. The accumulator first saturates to the narrowest
    type that still tells all codes apart. What is the same in all channels is a constant of the
    circuit, the rest comes from a ROM addressed by the channel. The sum is as wide as the largest
    value that any channel can reach.
    """

    def __init__(
        self,
        certificate: Certificate,
        accumulator: IntegerType,
        output: IntegerType,
        name: str = "requant",
        memory: Memory | None = None,
        in_logic: bool = False,
        stalls: bool = True,
    ) -> None:
        if not (accumulator.signed and 2 <= accumulator.width <= 48):
            raise UserError(f"accumulator is {accumulator}; allowed: int2 to int48")
        for bound in (int(certificate.minimum.min()), int(certificate.maximum.max())):
            if bound not in output:
                raise UserError(
                    f"output is {output}; the certificate clamps to {bound}, which it cannot hold"
                )
        self.certificate = certificate
        self.accumulator = accumulator
        self.output = output
        self.name = name
        self.memory = memory
        self.in_logic = in_logic
        self.stalls = stalls
        payload = data.StructLayout(
            {
                "accumulator": shape_of(accumulator),
                "channel": Shape.cast(range(max(len(certificate), 2))),
            }
        )
        super().__init__(
            {
                "i": In(stream.Signature(payload)),
                "o": Out(stream.Signature(shape_of(output))),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from an accepted input to its output."""
        return certified_latency(self.certificate, self.in_logic)

    def elaborate(self, platform: object) -> Module:
        """Build saturation, parameter ROM, multiplier, constant addition and clamp."""
        m = Module()
        certificate = self.certificate
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency, self.stalls)

        accumulator = self._saturate_input(pipeline, certificate.saturated_accumulator)
        parameters = self._parameters(m, pipeline)
        code = self._scaled(pipeline, accumulator, parameters)
        bounds = parameters["minimum"], parameters["maximum"]
        code = computed("clamped", self._clamp, code, *bounds)
        if len(certificate.exception):
            correction = self._correction(accumulator, parameters)
            code = computed("corrected", lambda one, other: one + other, code, correction)
        m.d.comb += self.o.payload.eq(code.at(self.latency))
        return m

    def _saturate_input(self, pipeline: Stages, narrow: IntegerType) -> Staged:
        """Saturate between the registers that parameters pass meanwhile: one table a bit."""
        given = _extended(self.i.payload.accumulator, narrow.width)
        kept = Staged(pipeline, "given", pipeline.register("given", given[: narrow.width]), 1)
        every = self.accumulator
        if narrow.minimum <= every.minimum and every.maximum <= narrow.maximum:
            signed = narrow.signed
            return computed("accumulator", lambda it: it.as_signed() if signed else it, kept)
        below, above = out_of_range(given, narrow)
        return computed(
            "accumulator",
            lambda value, under, over: limit(value, under, over, narrow),
            kept,
            Staged(pipeline, "below", pipeline.register("below", below), 1),
            Staged(pipeline, "above", pipeline.register("above", above), 1),
        )

    def _scaled(
        self, pipeline: Stages, accumulator: Staged, parameters: Mapping[str, Staged]
    ) -> Staged:
        """Return the code before it is clamped."""
        constant, shift = self._constant(accumulator, parameters), self.certificate.shift
        entering = latest(accumulator, parameters["multiplier"])
        latency = _multiply_latency(self.certificate, self.in_logic)

        def scaled(accumulator: Value, multiplier: Value) -> Value:
            if self.in_logic:
                added = constant.at(entering + latency - 1)
                total = logic_multiply(pipeline, "scaled", accumulator, multiplier, added)
            else:  # The constant is one of the partial products.
                added = constant.at(entering + MULTIPLIER_LATENCY)
                total = multiply(pipeline, "scaled", accumulator, multiplier, addend=added)
            result = self._result_shape()
            code = (total >> shift)[: result.width]
            return code.as_signed() if result.signed else code

        return passed("code", latency, scaled, accumulator, parameters["multiplier"])

    def _constant(self, accumulator: Staged, parameters: Mapping[str, Staged]) -> Staged:
        """Return what is added to the product: the rounding constant and the zero point."""
        if not self.certificate.saturated_accumulator.signed:
            return parameters["positive"]
        if not _constants_are_complements(self.certificate):
            return computed(
                "constant",
                lambda value, below, above: Mux(value[-1], below, above),
                accumulator,
                parameters["negative"],
                parameters["positive"],
            )
        shift = self.certificate.shift

        def complemented(value: Value, fraction: Value, zero_point: Value) -> Value:
            inverted = Cat(fraction, C(0, shift))[:shift] ^ value[-1].replicate(shift)
            return Cat(inverted, _with_sign(zero_point)).as_signed()

        parts = parameters["fraction"], parameters["zero_point"]
        return computed("constant", complemented, accumulator, *parts)

    def _result_shape(self) -> Shape:
        """Return the shape that holds every value of the shifted sum, before the clamp."""
        narrow = self.certificate.saturated_accumulator
        negative, positive = _folded_constants(self.certificate)
        ends = (narrow.minimum, min(-1, narrow.maximum), 0, narrow.maximum)
        multiplier = self.certificate.multiplier.astype(object)
        results = np.concatenate(
            [
                end * multiplier + (negative if end < 0 else positive) >> self.certificate.shift
                for end in ends
            ]
        )
        return shape_spanning(int(results.min()), int(results.max()))

    def _clamp(self, code: Value, minimum: Value, maximum: Value) -> Value:
        bounds = (self.certificate.minimum, self.certificate.maximum)
        if (bounds[0] == self.output.minimum).all() and (bounds[1] == self.output.maximum).all():
            return saturate(_extended(code, self.output.width), self.output)
        return Mux(code < minimum, minimum, Mux(code > maximum, maximum, code))

    def _parameters(self, m: Module, pipeline: Stages) -> dict[str, Staged]:
        """Return each parameter of the channel."""
        channel, columns = self.i.payload.channel, certificate_columns(self.certificate)
        found = looked_up(m, pipeline, f"{self.name}_channels", channel, columns, self.memory)
        return {
            name: Staged(pipeline, name, value, LOOK_UP_LATENCY) for name, value in found.items()
        }

    def _correction(self, accumulator: Staged, parameters: Mapping[str, Staged]) -> Staged:
        """Return what is added to the code of an exception, otherwise zero."""
        corrections = [
            computed(
                f"correction_{slot}",
                lambda value, exception, correction: Mux(value == exception, correction, 0),
                accumulator,
                parameters[f"exception_{slot}"],
                parameters[f"correction_{slot}"],
            )
            for slot in range(len(self.certificate.exception))
        ]

        # An accumulator is an exception of one slot at most, so the corrections never overlap.
        def joined(*each: Value) -> Value:
            return reduce(or_, each)

        return computed("correction", joined, *corrections)


def _constants_are_complements(certificate: Certificate) -> bool:
    """Tell whether inverting the bits of a constant gives that of the other sign."""
    mirror = (1 << certificate.shift) - 1
    positive = certificate.positive_constant
    in_range = (positive >= 0) & (positive <= mirror)
    return bool((in_range & (certificate.negative_constant == mirror - positive)).all())


def _folded_constants(certificate: Certificate) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the constants below zero and otherwise, zero points included.

    As Python integers: a zero point so shifted may need more than 64 bits.
    """
    shifted_zero_point = certificate.zero_point.astype(object) << certificate.shift
    return (
        certificate.negative_constant + shifted_zero_point,
        certificate.positive_constant + shifted_zero_point,
    )


def certificate_columns(certificate: Certificate) -> dict[str, NDArray[Any]]:
    """Return each parameter of all channels, as the ROM of a `CertifiedRequantizer` holds them."""
    negative, positive = _folded_constants(certificate)
    columns = {
        "multiplier": certificate.multiplier,
        "minimum": certificate.minimum,
        "maximum": certificate.maximum,
    }
    if not certificate.saturated_accumulator.signed:
        columns |= {"positive": positive}
    elif _constants_are_complements(certificate):
        columns |= {
            "fraction": certificate.positive_constant,
            "zero_point": certificate.zero_point,
        }
    else:
        columns |= {"negative": negative, "positive": positive}
    for slot, (exception, correction) in enumerate(
        zip(certificate.exception, certificate.correction, strict=True)
    ):
        columns |= {f"exception_{slot}": exception, f"correction_{slot}": correction}
    return columns


def _extended(value: Value, width: int) -> Value:
    """Return a value as a signed one of more than `width` bits."""
    signed = _with_sign(value)
    missing = max(width + 1 - len(signed), 0)
    return Cat(signed, signed[-1].replicate(missing)).as_signed()


def _with_sign(value: Value) -> Value:
    """Return a value as a signed one, a bit wider if it is unsigned."""
    return value if value.shape().signed else Cat(value, C(0, 1)).as_signed()
