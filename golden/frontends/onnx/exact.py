"""Requantization whose reference is real arithmetic: every number exact, rounded once."""

from fractions import Fraction
from math import lcm

import numpy as np

from bittrue.golden.certificates.certificate import CertificateError, Reference
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.quantizer import Mode, Quantizer
from bittrue.golden.frontends.onnx.values import Fractions, Limits
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.lowering.integer_requant import integer_requantization
from bittrue.golden.numbers.arrays import Int64

_DOUBTFUL = 1e-6
"""Float64 decides all numbers that are further than this from where the code changes."""

_HALF = Fraction(1, 2)


def exact_requantization(
    bounds: AccumulatorBounds,
    scale: Fractions,
    offset: Fractions,
    limits: Limits,
    quantizer: Quantizer,
) -> Requantization:
    """Find integers that equal ``quantizer(limit(accumulator * scale + offset))`` everywhere.

    Parameters
    ----------
    bounds : AccumulatorBounds
        What the accumulators reach.
    scale, offset : ndarray of Fraction
        One or one per channel; scales not negative.
    limits : Limits
    quantizer : Quantizer

    Returns
    -------
    FixedPoint or Certified

    Raises
    ------
    UserError
        Naming the channel, if there are none.
    """
    clamp = quantizer.clamp(limits.low, limits.high)
    mode, zero_point = quantizer.mode, quantizer.zero_point
    if quantizer.bipolar:  # floor(real + 1) is positive exactly where the number is not negative.
        mode, zero_point, offset = Mode.FLOOR, 0, offset + 1
    else:
        scale, offset = scale / quantizer.scale, offset / quantizer.scale
    first = zero_point if quantizer.zero_point_first else 0
    rounder = _Rounder(scale, offset + first, mode)

    def reference_of(channels: slice) -> Reference:
        return lambda accumulator: np.clip(
            rounder.round(accumulator, channels) + zero_point - first, *clamp
        )

    # There is no ceiling among the roundings; a half more, half down, differs on integers only.
    added = offset + (_HALF if mode is Mode.CEIL else 0)
    try:
        return integer_requantization(
            reference_of,
            bounds,
            scale.astype(np.float64),
            mode.fixed_point,
            quantizer.type,
            zero_point,
            clamp,
            offset=added.astype(np.float64),
        )
    except CertificateError as error:
        reason = str(error).split(";")[0]
        raise UserError(
            f"no integers requantize as its real numbers do: {reason}; scales that are powers of "
            "two have some"
        ) from None


class _Rounder:
    """Rounds ``accumulator * scale + offset`` exactly.

    In float64 where that is certain, with integers of any size where it is not.
    """

    def __init__(self, scale: Fractions, offset: Fractions, mode: Mode) -> None:
        scale, offset = np.broadcast_arrays(scale, offset)
        self._scale, self._offset = scale.astype(np.float64), offset.astype(np.float64)
        self._ratios = [_ratio(*pair) for pair in zip(scale, offset, strict=True)]
        self._mode = mode
        self._change = 0.0 if mode in (Mode.FLOOR, Mode.CEIL, Mode.UP, Mode.DOWN) else 0.5

    def round(self, accumulator: Int64, channels: slice) -> Int64:
        """Return integers of at most 2**40 for accumulators of shape (..., channels)."""
        scale, offset = self._scale[channels], self._offset[channels]
        real = np.clip(accumulator * scale + offset, -(2.0**40), 2.0**40)
        rounded = self._mode.round_float(real).astype(np.int64)
        beyond = real - self._change
        doubtful = np.abs(beyond - np.rint(beyond)) < _DOUBTFUL * (1 + np.abs(offset))
        ratios = self._ratios[channels]
        for channel in np.flatnonzero(doubtful.reshape(-1, len(ratios)).any(axis=0)):
            multiplier, constant, divisor = ratios[channel]
            chosen = (..., channel)
            places = doubtful[chosen] & (np.abs(real[chosen]) < 2.0**40)
            values = accumulator[chosen][places]
            largest = int(np.abs(values).max(initial=0)) * abs(multiplier) + abs(constant)
            if divisor & (divisor - 1) == 0 and largest < 1 << 53:
                continue  # Then float64 has not rounded.
            rounded[chosen][places] = [
                self._mode.round(Fraction(value * multiplier + constant, divisor))
                for value in values.tolist()
            ]
        return rounded


def _ratio(scale: Fraction, offset: Fraction) -> tuple[int, int, int]:
    """Return multiplier, constant and divisor of ``accumulator * scale + offset``."""
    divisor = lcm(scale.denominator, offset.denominator)
    return int(scale * divisor), int(offset * divisor), divisor
