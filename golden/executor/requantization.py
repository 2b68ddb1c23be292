"""Accumulators to codes."""

from collections.abc import Callable

import numpy as np
import torch

from bittrue.golden.executor.loops import Corrections, NarrowScaling, Scaling, correct, scale
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import AccumulatorBounds, Requantization, Tensor
from bittrue.golden.graph.affine_requantization import AffineFunction, affine_function, magnitude

Scaler = Callable[[torch.Tensor], torch.Tensor]
"""Accumulators of any type that holds them exactly, channels last, to stored codes."""


def compile_requantization(
    requantization: Requantization | None, bounds: AccumulatorBounds, output: Tensor
) -> Scaler:
    """Return the function from accumulators within bounds to stored codes."""
    storage = Storage.of(output)
    if requantization is None:
        return lambda accumulator: (accumulator - storage.offset).to(storage.dtype)
    function = affine_function(requantization, bounds)
    compiled = None if function is None else _compile(function, bounds, output)
    if compiled is not None:
        return compiled
    return lambda accumulator: storage.store(
        requantization.evaluate(accumulator.to(torch.int64).numpy())
    )


def narrow_scaling(
    requantization: Requantization | None, bounds: AccumulatorBounds, output: Tensor
) -> tuple[NarrowScaling, Corrections] | None:
    """Return a requantization for `scale_narrow`; None if its arithmetic cannot hold it.

    With ``h`` a power of two, from ``2**shift`` on, that no ``|p|`` exceeds, ``p >> shift`` is
    ``((p + h) >> shift) - (h >> shift)``, and nothing shifted is negative.
    """
    function = None if requantization is None else affine_function(requantization, bounds)
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
        largest = magnitude(bounds) * multiplier + max(abs(negative), abs(positive))
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


def _compile(function: AffineFunction, bounds: AccumulatorBounds, output: Tensor) -> Scaler | None:
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
    if magnitude(bounds) * max(multiplier) + max(abs(constant)) + max(abs(below_zero)) >= 1 << 63:
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


def _by_channel(function: AffineFunction, channels: int) -> Corrections:
    """Return channels, accumulators and corrections of the exceptions of a function."""
    one_for_all = len(function.multiplier) == 1
    listed = [
        (each, accumulator, correction)
        for channel, accumulator, correction in function.exceptions
        for each in (range(channels) if one_for_all else (channel,))
    ]
    columns = np.array(listed, dtype=np.int64).reshape(-1, 3).T.copy()
    return Corrections(columns[0], columns[1], columns[2])
