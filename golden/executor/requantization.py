"""Accumulators to codes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from bittrue.golden.executor.loops import Corrections, NarrowScaling, Scaling, correct, scale
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import AccumulatorBounds, FixedPoint, Requantization, Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.golden.numbers.rounding import Rounding

Scaler = Callable[[torch.Tensor], torch.Tensor]
"""Accumulators of any type that holds them exactly, channels last, to stored codes."""


@dataclass(frozen=True)
class _AffineFunction:
    """A requantization as one affine function for each sign of the accumulator.

        code = clamp(((accumulator * multiplier + constant) >> shift) + zero_point)

    ``constant`` is `negative` below zero and `positive` from zero on. All arrays have one entry per
    channel or one for all; exceptions are triples of channel, accumulator and correction.
    """

    multiplier: Int64
    shift: Int64
    negative: Int64
    positive: Int64
    zero_point: Int64
    minimum: Int64
    maximum: Int64
    exceptions: list[tuple[int, int, int]]


def compile_requantization(
    requantization: Requantization | None, bounds: AccumulatorBounds, output: Tensor
) -> Scaler:
    """Return the function from accumulators within bounds to stored codes."""
    storage = Storage.of(output)
    if requantization is None:
        return lambda accumulator: (accumulator - storage.offset).to(storage.dtype)
    function = _function_of(requantization, bounds)
    compiled = None if function is None else _compile(function, bounds, output)
    if compiled is not None:
        return compiled
    return lambda accumulator: storage.store(
        requantization.evaluate(accumulator.to(torch.int64).numpy())
    )


def _function_of(
    requantization: Requantization, bounds: AccumulatorBounds
) -> _AffineFunction | None:
    """Return a requantization as affine functions, where 64 bits hold its constants."""
    if bounds.type.width > 32 or not _is_narrow(requantization):
        return None
    return _affine_function(requantization, bounds)


def narrow_scaling(
    requantization: Requantization | None, bounds: AccumulatorBounds, output: Tensor
) -> tuple[NarrowScaling, Corrections] | None:
    """Return a requantization for `scale_narrow`; None if its arithmetic cannot hold it.

    With ``h`` a power of two, from ``2**shift`` on, that no ``|p|`` exceeds, ``p >> shift`` is
    ``((p + h) >> shift) - (h >> shift)``, and nothing shifted is negative.
    """
    function = None if requantization is None else _function_of(requantization, bounds)
    if function is None:
        return None
    low, high = np.unique(function.minimum), np.unique(function.maximum)
    if len(low) > 1 or len(high) > 1:
        return None
    offset = Storage.of(output).offset
    columns: list[tuple[int, ...]] = []
    for multiplier, shift, negative, positive, zero_point in zip(
        *(
            values.tolist()
            for values in (
                function.multiplier, function.shift, function.negative, function.positive,
                function.zero_point,
            )
        ),
        strict=True,
    ):  # fmt: skip
        largest = _magnitude(bounds) * multiplier + max(abs(negative), abs(positive))
        headroom = 1 << max(largest.bit_length(), shift)
        if multiplier >= 1 << 31 or headroom > 1 << 62 or headroom >> shift >= 1 << 30:
            return None
        taken = (headroom >> shift) - zero_point + offset
        columns.append((multiplier, positive + headroom, negative - positive, shift, taken))
    spread = (
        np.broadcast_to(np.array(column, dtype=np.int64), output.channels).copy()
        for column in zip(*columns, strict=True)
    )
    multipliers, constants, differences, shifts, offsets = spread
    return NarrowScaling(
        multipliers.astype(np.int32),
        constants,
        differences,
        shifts,
        offsets.astype(np.int32),
        int(low[0]) - offset,
        int(high[0]) - offset,
    ), _by_channel(function, output.channels)


def unscaled(channels: int) -> tuple[NarrowScaling, Corrections]:
    """Return what leaves sums of 32 bits as they are."""
    one, none = np.ones(channels, dtype=np.int64), np.empty(0, dtype=np.int64)
    half = 1 << 31
    offset = np.full(channels, -half, dtype=np.int32)  # Which is half, modulo 2**32.
    kept = NarrowScaling(
        one.astype(np.int32), half * one, 0 * one, 0 * one, offset, -half, half - 1
    )
    return kept, Corrections(none, none, none)


def _is_narrow(requantization: Requantization) -> bool:
    """Return whether 64 bits hold the constants of a requantization."""
    wide = isinstance(requantization, FixedPoint) and requantization.channels.shift.max() > 62
    return not wide


def _affine_function(
    requantization: Requantization, bounds: AccumulatorBounds
) -> _AffineFunction | None:
    """Return a requantization as affine functions; None where ties are rounded to even."""
    if isinstance(requantization, FixedPoint):
        channels = requantization.channels
        if requantization.rounding is Rounding.SINGLE_HALF_EVEN and _meets_ties(channels, bounds):
            return None
        return _AffineFunction(
            channels.multiplier,
            channels.shift,
            *_rounding_constants(requantization),
            channels.zero_point,
            channels.minimum,
            channels.maximum,
            [],
        )
    certificate = requantization.certificate
    return _AffineFunction(
        certificate.multiplier,
        np.full_like(certificate.multiplier, certificate.shift),
        certificate.negative_constant,
        certificate.positive_constant,
        certificate.zero_point,
        certificate.minimum,
        certificate.maximum,
        [
            (int(channel), int(certificate.exception[slot, channel]), int(correction))
            for (slot, channel), correction in np.ndenumerate(certificate.correction)
            if correction
        ],
    )


def _meets_ties(channels: RequantChannels, bounds: AccumulatorBounds) -> bool:
    """Return whether accumulators within bounds may give a product halfway between integers.

    Its lowest set bit is then bit ``shift - 1``. The multiplier has some of its zeros; so many are
    left for the accumulator that most layers reach none.
    """
    lowest_bit = channels.multiplier & -channels.multiplier
    half = (np.ones_like(channels.shift) << channels.shift) >> 1
    return bool(((half > 0) & (_magnitude(bounds) * lowest_bit >= half)).any())


def _magnitude(bounds: AccumulatorBounds) -> int:
    return max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))


def _rounding_constants(requantization: FixedPoint) -> tuple[Int64, Int64]:
    """Return what is added to products below zero, and to the others, before they are shifted.

    With ``h`` half of ``2**shift``, half up is ``(p + h) >> shift``; half away from zero is the
    same from zero on, and ``-((-p + h) >> shift) = (p + h - 1) >> shift`` below.

    Two roundings, first half up at bit 31 and then at bit ``shift``, are two nested floors, and so
    one floor of ``p + 2**30 + h``; where the second rounds away from zero its ``- 1`` is worth
    ``2**31``. Products from -2**30 to -1, which the first rounding makes zero, end at zero with
    either constant.
    """
    shift, width = requantization.channels.shift, requantization.channels.spec.multiplier_width
    one = np.ones_like(shift)
    half = (one << shift) >> 1
    early = np.where(shift > width, one << (width - 1), 0)
    negative, positive = {
        Rounding.TFLITE_DOUBLE: (half - early, half + early),
        Rounding.RUY: (half + early, half + early),
        Rounding.SINGLE_HALF_UP: (half, half),
        Rounding.SINGLE_HALF_AWAY: (np.maximum(half - 1, 0), half),
        Rounding.SINGLE_HALF_EVEN: (half, half),  # There are no ties, see `_meets_ties`.
        Rounding.FLOOR: (0 * one, 0 * one),
        Rounding.TRUNCATE: ((one << shift) - 1, 0 * one),
    }[requantization.rounding]
    return negative, positive


def _compile(function: _AffineFunction, bounds: AccumulatorBounds, output: Tensor) -> Scaler | None:
    """Return an affine function as a loop; None if the loop's arithmetic cannot hold it."""
    storage = Storage.of(output)
    low, high = np.unique(function.minimum), np.unique(function.maximum)
    if len(low) > 1 or len(high) > 1:
        return None
    # One shift for all channels: where it is larger, so are multiplier and constants. Python's
    # integers, until it is known that 64 bits hold them.
    shift = int(function.shift.max())
    factor = (shift - function.shift).astype(object)
    zero_point = (function.zero_point - storage.offset).astype(object) << shift
    multiplier = function.multiplier.astype(object) << factor
    constant = (function.positive.astype(object) << factor) + zero_point
    below_zero = (function.negative - function.positive).astype(object) << factor
    if _magnitude(bounds) * max(multiplier) + max(abs(constant)) + max(abs(below_zero)) >= 1 << 63:
        return None
    factors, constants, differences = (
        np.broadcast_to(values.astype(np.int64), output.channels).copy()
        for values in (multiplier, constant, below_zero)
    )
    scaling = Scaling(
        factors,
        constants,
        differences,
        shift,
        int(low[0]) - storage.offset,
        int(high[0]) - storage.offset,
    )
    corrections = _by_channel(function, output.channels)

    def requantize(accumulator: torch.Tensor) -> torch.Tensor:
        codes = torch.empty(accumulator.shape, dtype=storage.dtype)
        rows = accumulator.reshape(-1, output.channels).numpy()
        results = codes.view(-1, output.channels).numpy()
        scale(rows, *scaling, results)
        if len(corrections.channels):
            correct(rows, *corrections, results)
        return codes

    return requantize


def _by_channel(function: _AffineFunction, channels: int) -> Corrections:
    """Return channels, accumulators and corrections of the exceptions of a function."""
    one_for_all = len(function.multiplier) == 1
    listed = [
        (each, accumulator, correction)
        for channel, accumulator, correction in function.exceptions
        for each in (range(channels) if one_for_all else (channel,))
    ]
    columns = np.array(listed, dtype=np.int64).reshape(-1, 3).T.copy()
    return Corrections(columns[0], columns[1], columns[2])
