"""Accumulators to codes: exactly, and fast where that can be had exactly.

Every requantization but those that round halves to even is a floor of an affine function, with one
constant for accumulators below zero and one for the others (`_constants`). Float64 computes that
without any rounding as long as the codes that are not clamped take fewer than 53 bits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from golden.certificate import Certificate
from golden.graph import AccumulatorBounds, Certified, FixedPoint, Requantization, Tensor
from golden.kernels.storage import Storage
from golden.requant import requantize
from golden.requant_spec import RequantChannels
from golden.rounding import Rounding

Float64 = NDArray[np.float64]

Scaler = Callable[[torch.Tensor], torch.Tensor]
"""Accumulators of any type that holds them exactly, channels last, to stored codes."""

_EXACT_BITS = 52


def compile_requantization(
    requantization: Requantization | None, bounds: AccumulatorBounds, output: Tensor
) -> Scaler:
    """Return the function from accumulators within bounds to stored codes."""
    storage = Storage.of(output)
    if requantization is None:
        return lambda accumulator: (accumulator - storage.offset).to(storage.dtype)
    if _exact_in_float64(requantization):
        return _Affine(requantization, bounds, storage)
    assert isinstance(requantization, FixedPoint)
    channels, rounding = requantization.channels, requantization.rounding

    def scale(accumulator: torch.Tensor) -> torch.Tensor:
        codes = requantize(accumulator.to(torch.int64), channels, rounding)
        return (codes - storage.offset).to(storage.dtype)

    return scale


def _exact_in_float64(requantization: Requantization) -> bool:
    """Whether products that are not clamped, in units of the last bit, fit a float64."""
    if isinstance(requantization, Certified):
        return True  # A certificate's own check bounds them.
    span = requantization.output.maximum - requantization.output.minimum + 1
    bits = (2 * span).bit_length() + int(requantization.channels.shift.max())
    return bits <= _EXACT_BITS


def _constants(requantization: Requantization) -> tuple[Float64, Float64, Float64]:
    """Return scale, and what is added before the floor below zero and from zero on.

    TFLITE_DOUBLE first rounds half up at bit 31 and then half away at bit ``31 + r``. A value
    reaches a code as soon as the first rounding lifts it to the tie, so its threshold lies half of
    the first rounding's unit before the tie, ``2**-(r + 1)``, on both sides of zero.
    """
    if isinstance(requantization, Certified):
        certificate = requantization.certificate
        unit = np.float64(np.ldexp(1.0, -certificate.shift))
        multiplier, negative, positive = (
            values.astype(np.float64) * unit
            for values in (
                certificate.multiplier,
                certificate.negative_constant,
                certificate.positive_constant,
            )
        )
        return multiplier, negative, positive
    channels = requantization.channels
    unit = np.ldexp(1.0, -channels.shift)
    scale = channels.multiplier * unit
    second_shift = np.maximum(channels.shift - channels.spec.multiplier_width, 0)
    early = np.where(second_shift > 0, np.ldexp(0.5, -second_shift), 0.0)
    half = np.where(channels.shift > 0, 0.5, 0.0)
    zero = np.zeros_like(unit)
    negative, positive = {
        Rounding.TFLITE_DOUBLE: (half - early, half + early),
        Rounding.RUY: (half + early, half + early),
        Rounding.SINGLE_HALF_UP: (half, half),
        Rounding.SINGLE_HALF_AWAY: (half - np.where(half > 0, unit, 0.0), half),
        Rounding.SINGLE_HALF_EVEN: (zero, zero),
        Rounding.FLOOR: (zero, zero),
        Rounding.TRUNCATE: (1.0 - unit, zero),
    }[requantization.rounding]
    return scale, negative, positive


@dataclass(frozen=True)
class _Exception:
    """Accumulators whose code a certificate corrects; channel None means all channels."""

    channel: int | None
    accumulator: float
    correction: int


class _Affine:
    """``floor(accumulator * factor + constant)``, clamped, in float64."""

    def __init__(
        self, requantization: Requantization, bounds: AccumulatorBounds, storage: Storage
    ) -> None:
        settings: Certificate | RequantChannels
        if isinstance(requantization, Certified):
            settings = requantization.certificate
            self._even, self._exceptions = False, _exceptions(settings)
        else:
            settings = requantization.channels
            self._even = requantization.rounding is Rounding.SINGLE_HALF_EVEN
            self._exceptions = []
        scale, negative, positive = _constants(requantization)
        zero_point = settings.zero_point - storage.offset
        low, high = settings.minimum - storage.offset, settings.maximum - storage.offset
        # Where everything below zero is clamped, its constant does not matter.
        self._signed = bool(((negative != positive) & (low < zero_point)).any())
        constant = (negative + positive) / 2 if self._signed else positive
        self._factor = _vector(scale)
        self._constant = _vector(constant if self._even else constant + zero_point)
        self._spread = _vector((positive - negative) / 2)
        self._zero_point = _vector(zero_point.astype(np.float64))
        self._low, self._high = _bound(low), _bound(high)
        ends = (np.abs(scale * end).max() for end in (bounds.minimum, bounds.maximum))
        self._largest = max(ends) + np.abs(zero_point).max() + 2
        self._descends_below_zero = bool((low < 0).any())
        self._dtype = storage.dtype

    def __call__(self, accumulator: torch.Tensor) -> torch.Tensor:
        exact = accumulator.to(torch.float64)
        if self._signed:
            constant = torch.copysign(self._spread, exact).add_(self._constant)
            exact = constant.addcmul_(exact, self._factor)
        else:
            exact = torch.addcmul(self._constant, exact, self._factor)
        if self._even:
            exact.round_().add_(self._zero_point)
        elif self._descends_below_zero:
            exact.floor_()  # From zero on, conversion to integers does it.
        if self._largest >= 1 << 31:
            exact.clamp_(self._low, self._high)
        narrow = self._largest < 1 << 15
        codes = exact.to(torch.int16 if narrow else torch.int32)
        codes = codes.clamp_(self._low, self._high).to(self._dtype)
        for exception in self._exceptions:
            everywhere = slice(None) if exception.channel is None else exception.channel
            hit = accumulator[..., everywhere] == exception.accumulator
            codes[..., everywhere] += hit.to(self._dtype) * exception.correction
        return codes


def _vector(values: Float64) -> torch.Tensor:
    """Return one value per channel; a single one broadcasts."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))


def _bound(values: NDArray[np.int64]) -> torch.Tensor:
    """Return a bound of a clamp, as a scalar where it is the same for all channels."""
    same = bool((values == values[0]).all())
    return torch.tensor(int(values[0]) if same else values.tolist(), dtype=torch.int16)


def _exceptions(certificate: Certificate) -> list[_Exception]:
    slots, channels = np.nonzero(certificate.correction)
    return [
        _Exception(
            int(channel) if len(certificate) > 1 else None,
            float(certificate.exception[slot, channel]),
            int(certificate.correction[slot, channel]),
        )
        for slot, channel in zip(slots, channels, strict=True)
    ]
