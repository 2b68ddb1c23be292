"""How a node turns its accumulators into codes: two kinds, both integers only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bittrue.golden.certificates.certificate import Certificate
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH, MAXIMUM_MULTIPLIER_WIDTH, WORD_BITS
from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.numbers.shifts import round_shift


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Requantization by multiplier, shift and a named rounding, as a reference defines it.

        code = clamp(round(accumulator * multiplier / 2**shift) + zero_point, minimum, maximum)

    Parameters
    ----------
    channels : RequantChannels
        One entry per channel, or one for all.
    rounding : Rounding
        Any but stochastic, which is no function of the accumulator.
    """

    channels: RequantChannels
    rounding: Rounding

    def __post_init__(self) -> None:
        if self.rounding is Rounding.STOCHASTIC:
            raise UserError("rounding is stochastic; a graph computes functions of its input only")

    def __len__(self) -> int:
        return len(self.channels)

    @property
    def output(self) -> IntegerType:
        """Type of the codes."""
        return self.channels.spec.output

    def evaluate(self, accumulator: ArrayLike) -> Int64:
        """Return the codes of accumulators of shape (..., channels), exactly."""
        channels, spec = self.channels, self.channels.spec
        exact, multiplier, shift = np.broadcast_arrays(
            np.asarray(accumulator, dtype=np.int64), channels.multiplier, channels.shift
        )
        limit = 1 << (WORD_BITS - spec.multiplier_width)
        wide = (exact >= limit) | (exact <= -limit) | (shift >= WORD_BITS)
        narrow = np.where(wide, 0, exact)
        short = np.where(wide, 0, shift)
        rounded = round_shift(narrow * multiplier, short, spec.multiplier_width, self.rounding)
        codes = np.clip(rounded + channels.zero_point, channels.minimum, channels.maximum)
        if wide.any():
            rounded = self._round_wide(exact[wide], multiplier[wide], shift[wide])
            zero_point, minimum, maximum = (
                np.broadcast_to(values, exact.shape)[wide]
                for values in (channels.zero_point, channels.minimum, channels.maximum)
            )
            codes[wide] = np.clip(rounded + zero_point, minimum, maximum).astype(np.int64)
        return codes

    def _round_wide(self, accumulator: Int64, multiplier: Int64, shift: Int64) -> NDArray[Any]:
        """Divide products of more than 64 bits by ``2**shift``."""
        if not self.rounding.rounds_twice and (shift >= _KEPT).all():
            kept = _kept_product(accumulator, multiplier, shift)
            return round_shift(kept, np.full_like(shift, _KEPT), 0, self.rounding)
        # Python's integers do what int64 cannot.
        product = accumulator.astype(object) * multiplier
        width = self.channels.spec.multiplier_width
        return round_shift(product, shift.astype(object), width, self.rounding)

    def check(self, minimum: Int64, maximum: Int64) -> None:
        """Refuse reachable accumulators that the specification does not hold.

        Raises
        ------
        UserError
            Naming the channel and the bound.
        """
        _check_reachable(
            minimum,
            maximum,
            self.channels.spec.accumulator.minimum,
            self.channels.spec.accumulator.maximum,
            f"its requantizer takes {self.channels.spec.accumulator}",
        )


@dataclass(frozen=True, eq=False)
class Certified:
    """Requantization by the constants of a certificate, for references defined in floating point.

    Parameters
    ----------
    certificate : Certificate
        One channel per channel of the accumulator, or one for all.
    output : IntegerType
        Type of the codes.

    Raises
    ------
    UserError
        If the certificate's arrays do not fit together, its constants could overflow 64 bits, or
        its own check fails.
    """

    certificate: Certificate
    output: IntegerType

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_magnitudes()
        self.certificate.check()
        for values in self._arrays():
            values.setflags(write=False)

    def __len__(self) -> int:
        return len(self.certificate)

    def evaluate(self, accumulator: ArrayLike) -> Int64:
        """Return the codes of accumulators of shape (..., channels), exactly."""
        return self.certificate.evaluate(np.asarray(accumulator, dtype=np.int64))

    def check(self, minimum: Int64, maximum: Int64) -> None:
        """Refuse reachable accumulators beyond those the certificate was proven for.

        Raises
        ------
        UserError
            Naming the channel and the bound.
        """
        steps = self.certificate.steps
        _check_reachable(
            minimum,
            maximum,
            steps.accumulator_minimum,
            steps.accumulator_maximum,
            "its certificate was proven for fewer",
        )

    def _arrays(self) -> list[Int64]:
        certificate, steps = self.certificate, self.certificate.steps
        return [
            certificate.multiplier,
            certificate.negative_constant,
            certificate.positive_constant,
            certificate.zero_point,
            certificate.minimum,
            certificate.maximum,
            steps.accumulator_minimum,
            steps.accumulator_maximum,
            steps.lowest_code,
            certificate.exception,
            certificate.correction,
            *steps.thresholds,
        ]

    def _check_shapes(self) -> None:
        certificate, steps = self.certificate, self.certificate.steps
        channels = len(steps.thresholds)
        per_channel, exceptions, thresholds = (
            self._arrays()[:9],
            self._arrays()[9:11],
            self._arrays()[11:],
        )
        if (
            any(values.dtype != np.int64 for values in self._arrays())
            or channels == 0
            or any(values.shape != (channels,) for values in per_channel)
            or any(values.shape != certificate.exception.shape for values in exceptions)
            or certificate.exception.shape[1:] != (channels,)
            or any(values.ndim != 1 for values in thresholds)
        ):
            raise UserError("the certificate's arrays do not have one int64 entry per channel")

    def _check_magnitudes(self) -> None:
        certificate, steps, output = self.certificate, self.certificate.steps, self.output
        ordered = all(
            (np.diff(thresholds) >= 0).all()
            and (thresholds > steps.accumulator_minimum[channel]).all()
            and (thresholds <= steps.accumulator_maximum[channel]).all()
            for channel, thresholds in enumerate(steps.thresholds)
        )
        if not ordered or (steps.accumulator_minimum > steps.accumulator_maximum).any():
            raise UserError("the certificate's thresholds do not ascend within its accumulators")
        largest = _magnitude(steps.accumulator_minimum, steps.accumulator_maximum)
        constant = _magnitude(certificate.negative_constant, certificate.positive_constant)
        multiplier = _magnitude(certificate.multiplier)
        if (
            not 0 <= certificate.shift <= WORD_BITS
            or multiplier.bit_length() > MAXIMUM_MULTIPLIER_WIDTH
            or (largest * multiplier + constant).bit_length() > WORD_BITS
        ):
            raise UserError("the certificate's constants need more than 64-bit arithmetic")
        codes = (certificate.zero_point, certificate.minimum, certificate.maximum)
        reached = (steps.lowest_code, steps.highest_code)
        if output.width > MAXIMUM_CODE_WIDTH or any(
            int(values.min()) not in output or int(values.max()) not in output
            for values in (*codes, *reached)
        ):
            raise UserError(
                f"the certificate's zero point, clamp and codes are not all codes of {output} "
                f"within {MAXIMUM_CODE_WIDTH} bits"
            )


Requantization = FixedPoint | Certified
"""What a node does to its accumulators; None keeps them."""


def _magnitude(*arrays: Int64) -> int:
    return max(abs(int(bound)) for values in arrays for bound in (values.min(), values.max()))


def _check_reachable(
    minimum: Int64, maximum: Int64, lowest: Int64 | int, highest: Int64 | int, reason: str
) -> None:
    outside = np.flatnonzero((minimum < lowest) | (maximum > highest))
    if outside.size:
        channel = outside[0]
        raise UserError(
            f"accumulators of channel {channel} reach {minimum[channel]} to {maximum[channel]}; "
            f"{reason}"
        )


_KEPT = 2
"""Fraction bits that decide any single rounding: a half, and whether anything is below it."""

_DIGIT = 31
"""Bits of a digit; two digits' product, and a carry, fit int64."""

_FAR = 1 << 45
"""Beyond any code."""


def _kept_product(accumulator: Int64, multiplier: Int64, shift: Int64) -> Int64:
    """Return products with `_KEPT` fraction bits, the last one of which is sticky.

    It is set if any bit from there down is, so that single roundings see what they need of the
    exact product. Products beyond any code may be smaller, but not below `_FAR`.

    Parameters
    ----------
    accumulator : ndarray of int64
        Below 2**48 in magnitude.
    multiplier : ndarray of int64
        Up to 62 bits.
    shift : ndarray of int64
        Fraction bits of the exact product, from `_KEPT` to 93.
    """
    mask = (np.int64(1) << _DIGIT) - 1
    magnitude = np.abs(accumulator)
    a_low, a_high = magnitude & mask, magnitude >> _DIGIT
    m_low, m_high = multiplier & mask, multiplier >> _DIGIT
    low = a_low * m_low
    middle = a_low * m_high + a_high * m_low + (low >> _DIGIT)
    high = a_high * m_high + (middle >> _DIGIT)  # Of weight 2**62.
    low = ((middle & mask) << _DIGIT) | (low & mask)
    dropped = shift - _KEPT
    few, many = np.minimum(dropped, 2 * _DIGIT), np.maximum(dropped - 2 * _DIGIT, 0)
    far = (high >> np.maximum(few - 17, 0)) > 0
    near = np.where(far, 0, high)
    above = np.where(many > 0, high >> many, (near << (2 * _DIGIT - few)) | (low >> few))
    below = (low & ((np.int64(1) << few) - 1)) | np.where(many > 0, high & ((1 << many) - 1), 0)
    kept = np.where(far & (many == 0), _FAR, above) | (below != 0)
    return np.where(accumulator < 0, -kept, kept)
