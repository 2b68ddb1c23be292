"""Requantization as integer operators of ONNX."""

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import AccumulatorBounds, Certified, FixedPoint, Requantization
from golden.onnx_export.writer import Writer
from golden.rounding import Rounding

_WORD = 1 << 62


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

    Raises
    ------
    UserError
        If a product needs more than 64 bits.
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
    shift = channels.shift
    largest = max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))
    if largest * int(channels.multiplier.max()) >= _WORD or int(shift.max()) > 62:
        raise UserError("its products need more than 62 bits, which ONNX does not compute")
    product = writer.multiplied(accumulator, channels.multiplier)
    first = np.minimum(shift, channels.spec.multiplier_width)
    match fixed_point.rounding:
        case Rounding.TFLITE_DOUBLE:
            once = writer.half_up(product, _power(first))
            rounded = writer.half_away(once, _power(shift - first))
        case Rounding.RUY:
            once = writer.half_up(product, _power(first))
            rounded = writer.half_up(once, _power(shift - first))
        case Rounding.SINGLE_HALF_UP:
            rounded = writer.half_up(product, _power(shift))
        case Rounding.SINGLE_HALF_AWAY:
            rounded = writer.half_away(product, _power(shift))
        case Rounding.SINGLE_HALF_EVEN:
            rounded = writer.half_even(product, _power(shift))
        case Rounding.FLOOR:
            rounded = writer.floor_divided(product, _power(shift))
        case Rounding.TRUNCATE:
            rounded = writer.operator("Div", product, writer.constant(_power(shift)))
        case other:
            raise UserError(f"rounding is {other.value}, which is no function of the accumulator")
    code = writer.added(rounded, channels.zero_point)
    return writer.clamped(code, channels.minimum, channels.maximum)


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


def _power(shift: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.int64(1) << shift
