"""Requantization as integer operators of ONNX."""

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import AccumulatorBounds, Certified, FixedPoint, Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.golden.numbers.rounding import Rounding

_Constants = NDArray[np.integer] | NDArray[np.object_]

_WORD = 1 << 62
_LOW_BITS = 24
_DIGIT = 31


def write_requantization(
    writer: Writer,
    accumulator: str,
    bounds: AccumulatorBounds,
    requantization: Requantization | None,
) -> str:
    """Write what makes codes of accumulators; channels are the last dimension.

    Returns
    -------
    str
        Name of the codes, in int64.

    """
    if requantization is None:
        return accumulator
    if isinstance(requantization, FixedPoint):
        return _fixed_point(writer, accumulator, bounds, requantization)
    return _certified(writer, accumulator, requantization)


def _fixed_point(
    writer: Writer, accumulator: str, bounds: AccumulatorBounds, fixed_point: FixedPoint
) -> str:
    channels = fixed_point.channels
    largest = max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))
    scaled: _Narrow | _Wide
    if largest * int(channels.multiplier.max()) < _WORD:
        scaled = _Narrow(writer, channels)
    else:
        scaled = _Wide(writer, channels)
    shift = channels.shift
    first = np.minimum(shift, channels.spec.multiplier_width)
    match fixed_point.rounding:
        case Rounding.TFLITE_DOUBLE:
            once = scaled.half_up(accumulator, first)
            rounded = writer.half_away(once, _power(shift - first))
        case Rounding.RUY:
            once = scaled.half_up(accumulator, first)
            rounded = writer.half_up(once, _power(shift - first))
        case Rounding.SINGLE_HALF_UP:
            rounded = scaled.half_up(accumulator, shift)
        case Rounding.SINGLE_HALF_AWAY:
            magnitude = scaled.half_up(writer.operator("Abs", accumulator), shift)
            rounded = writer.signed(magnitude, accumulator)
        case Rounding.SINGLE_HALF_EVEN:
            rounded = scaled.half_even(accumulator, shift)
        case Rounding.FLOOR:
            rounded = scaled.floor(accumulator, shift)
        case Rounding.TRUNCATE:
            magnitude = scaled.floor(writer.operator("Abs", accumulator), shift)
            rounded = writer.signed(magnitude, accumulator)
        case other:
            raise UserError(f"rounding is {other.value}, which is no function of the accumulator")
    code = writer.added(rounded, channels.zero_point)
    return writer.clamped(code, channels.minimum, channels.maximum)


class _Narrow:
    """``accumulator * multiplier / 2**shift``, whose products fit into 62 bits."""

    def __init__(self, writer: Writer, channels: RequantChannels) -> None:
        self._writer = writer
        self._multiplier = channels.multiplier

    def _product(self, accumulator: str) -> str:
        return self._writer.multiplied(accumulator, self._multiplier)

    def floor(self, accumulator: str, shift: Int64) -> str:
        return self._writer.floor_divided(self._product(accumulator), _power(shift))

    def half_up(self, accumulator: str, shift: Int64) -> str:
        return self._writer.half_up(self._product(accumulator), _power(shift))

    def half_even(self, accumulator: str, shift: Int64) -> str:
        return self._writer.half_even(self._product(accumulator), _power(shift))


class _Wide:
    """``accumulator * multiplier / 2**shift``, whose products need up to 110 bits.

    An accumulator first saturates where its product exceeds every code, and is then split at its
    lowest ``low = min(shift, 24)`` bits, a multiplier at its lowest 31. Floors nest::

        floor((a * m + c) / 2**shift) = floor((high * m + floor((rest * m + c) / 2**low))
                                              / 2**(shift - low))
    """

    def __init__(self, writer: Writer, channels: RequantChannels) -> None:
        self._writer = writer
        self._multiplier = channels.multiplier
        # Of 18 bits: more than a code and a zero point of 16.
        beyond = [
            min((1 << (int(shift) + 18)) // max(int(multiplier), 1) + 1, 1 << 48)
            for shift, multiplier in zip(channels.shift, channels.multiplier, strict=True)
        ]
        self._saturation = np.array(beyond, dtype=np.int64)

    def floor(self, accumulator: str, shift: Int64) -> str:
        return self._divided(accumulator, shift, np.zeros_like(shift))[0]

    def half_up(self, accumulator: str, shift: Int64) -> str:
        return self._divided(accumulator, shift, _half(shift))[0]

    def half_even(self, accumulator: str, shift: Int64) -> str:
        writer = self._writer
        rounded, rest = self._divided(accumulator, shift, _half(shift))
        # A tie leaves nothing behind; a shift by nothing has none.
        tie = writer.operator("Equal", rest, writer.constant(np.where(shift > 0, 0, -1)))
        odd = writer.operator("Mod", rounded, writer.constant(2))
        one = writer.operator("Where", tie, odd, writer.constant(0))
        return writer.subtracted(rounded, one)

    def _divided(self, accumulator: str, shift: Int64, constant: _Constants) -> tuple[str, str]:
        """Return the floor of the product and a constant, and what is zero if nothing is left."""
        writer = self._writer
        saturated = writer.clamped(accumulator, -self._saturation, self._saturation)
        if self._multiplier.max() >> _DIGIT == 0:
            addend = writer.constant(constant.astype(np.int64))
            return self._nested(saturated, self._multiplier, shift, addend)
        lowest = self._multiplier & ((1 << _DIGIT) - 1)
        none = writer.constant(0)
        carried, rest = self._nested(saturated, lowest, np.full_like(shift, _DIGIT), none)
        addend = writer.added(carried, (constant >> _DIGIT).astype(np.int64))
        whole, left = self._nested(saturated, self._multiplier >> _DIGIT, shift - _DIGIT, addend)
        return whole, writer.added(left, rest)

    def _nested(
        self, accumulator: str, multiplier: Int64, shift: Int64, addend: str
    ) -> tuple[str, str]:
        writer = self._writer
        low = np.minimum(shift, _LOW_BITS)
        high = writer.floor_divided(accumulator, _power(low))
        rest = writer.subtracted(accumulator, writer.multiplied(high, _power(low)))
        small = writer.added(writer.multiplied(rest, multiplier), addend)
        carried = writer.floor_divided(small, _power(low))
        whole = writer.added(writer.multiplied(high, multiplier), carried)
        left = writer.constant(_power(shift - low))
        remainders = (
            writer.operator("Mod", small, writer.constant(_power(low))),
            writer.operator("Mod", whole, left),
        )
        return writer.floor_divided(whole, left), writer.added(*remainders)


def _half(shift: Int64) -> _Constants:
    """Return half of ``2**shift``, in integers of any size."""
    return np.array([(1 << int(bits)) >> 1 for bits in shift], dtype=np.object_)


def _certified(writer: Writer, accumulator: str, certified: Certified) -> str:
    certificate = certified.certificate
    negative = writer.operator("Less", accumulator, writer.constant(0))
    constant = writer.operator(
        "Where",
        negative,
        writer.constant(certificate.negative_constant),
        writer.constant(certificate.positive_constant),
    )
    product = writer.multiplied(accumulator, certificate.multiplier)
    scaled = writer.floor_divided(writer.added(product, constant), 1 << certificate.shift)
    code = writer.added(scaled, certificate.zero_point)
    code = writer.clamped(code, certificate.minimum, certificate.maximum)
    for exception, correction in zip(certificate.exception, certificate.correction, strict=True):
        at = writer.operator("Equal", accumulator, writer.constant(exception))
        added = writer.operator("Where", at, writer.constant(correction), writer.constant(0))
        code = writer.added(code, added)
    return code


def _power(shift: Int64) -> Int64:
    return np.int64(1) << shift
