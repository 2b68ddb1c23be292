"""Fixed-point requantization: accumulator times multiplier, shifted, rounded, clamped.

Definitions and their sources are in `docs/numerics.md`.
"""

import numpy as np
import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.limits import MAXIMUM_MULTIPLIER_WIDTH, WORD_BITS
from bittrue.golden.numbers.requant_spec import RequantChannels
from bittrue.golden.numbers.rounding import RANDOM_BITS, Rounding
from bittrue.golden.numbers.shifts import round_shift


def requantize(
    accumulator: Tensor,
    channels: RequantChannels,
    rounding: Rounding,
    random: Tensor | None = None,
) -> Tensor:
    """Scale accumulators to output codes.

        output = clamp(round(accumulator * multiplier / 2**shift) + zero_point, minimum, maximum)

    Parameters
    ----------
    accumulator : Tensor of an integer dtype, shape (..., channels)
        Channel-last; any last size when `channels` describes a single channel.
    channels : RequantChannels
        One entry per channel, or one for all.
    rounding : Rounding
        How ``product / 2**shift`` becomes an integer.
    random : Tensor of int64, optional
        For `Rounding.STOCHASTIC`: integers in [0, 2**RANDOM_BITS), broadcast to `accumulator`.

    Returns
    -------
    Tensor of int64
        Codes of ``channels.spec.output``, the shape of `accumulator`.

    Raises
    ------
    UserError
        If the channel counts differ, an accumulator does not fit its type, or random numbers are
        missing or out of range.
    """
    _check_inputs(accumulator, channels, rounding, random)
    product, shift, first_shift = _multiply(accumulator.to(torch.int64).numpy(), channels)
    if random is not None and rounding is Rounding.STOCHASTIC:
        rounded = _stochastic(product, shift, random.numpy())
    else:
        rounded = round_shift(product, shift, first_shift, rounding)
    codes = np.clip(rounded + channels.zero_point, channels.minimum, channels.maximum)
    return torch.from_numpy(codes)


def _check_inputs(
    accumulator: Tensor, channels: RequantChannels, rounding: Rounding, random: Tensor | None
) -> None:
    if channels.spec.multiplier_width > MAXIMUM_MULTIPLIER_WIDTH:
        raise UserError(
            f"multiplier_width is {channels.spec.multiplier_width}; here allowed: up to "
            f"{MAXIMUM_MULTIPLIER_WIDTH} bits; bittrue.golden.graph.FixedPoint takes more"
        )
    if accumulator.is_floating_point() or accumulator.is_complex():
        raise UserError(f"accumulator is {accumulator.dtype}; allowed: an integer dtype")
    if len(channels) not in (1, accumulator.shape[-1] if accumulator.ndim else 1):
        raise UserError(
            f"accumulator has shape {tuple(accumulator.shape)}; its last size must be the "
            f"{len(channels)} channels of the requantizer"
        )
    kind = channels.spec.accumulator
    if accumulator.numel():
        low, high = (int(bound) for bound in accumulator.aminmax())
        if low not in kind or high not in kind:
            raise UserError(f"accumulator spans {low} to {high}, outside {kind}")
    if rounding is not Rounding.STOCHASTIC:
        return
    if random is None:
        raise UserError("random is None; stochastic rounding needs one integer per accumulator")
    if random.numel() and not 0 <= int(random.min()) <= int(random.max()) < 1 << RANDOM_BITS:
        raise UserError(f"random has values outside 0 to {(1 << RANDOM_BITS) - 1}")


def _multiply(accumulator: Int64, channels: RequantChannels) -> tuple[Int64, Int64, Int64]:
    """Return a product that rounds like the exact one, its shift, and its first rounding's shift.

    A product of more than 62 bits keeps its high bits and one "sticky" bit, which says whether any
    bit below was set; both shifts count that many bits less. Rounding asks of the low bits only
    whether the remainder is zero, below, at or above one half, and the sticky bit answers that as
    long as it stays below the half. Where the shift is too small for it to do so, a product this
    large is far beyond any output code, and only its sign matters.
    """
    spec, multiplier, shift = channels.spec, channels.multiplier, channels.shift
    first_shift = np.full_like(shift, spec.multiplier_width)
    product = accumulator * multiplier
    low_bits = spec.accumulator.width + spec.multiplier_width - WORD_BITS
    if low_bits <= 0:
        return product, shift, first_shift
    mask = (1 << low_bits) - 1
    low = (accumulator & mask) * multiplier
    high = (accumulator >> low_bits) * multiplier + (low >> low_bits)
    sticky = (high << 1) | ((low & mask) != 0)
    dropped = low_bits - 1
    fits = np.abs(high) < 1 << (WORD_BITS - 1 - low_bits)
    return (
        np.where(fits, product, sticky),
        np.where(fits, shift, np.maximum(shift - dropped, 2)),
        np.where(fits, first_shift, first_shift - dropped),
    )


def _stochastic(value: Int64, shift: Int64, random: Int64) -> Int64:
    # Left-shifted only where the shift is below RANDOM_BITS; beyond 2**45 the code saturates.
    widened = np.clip(value, -(1 << 45), 1 << 45) << np.maximum(RANDOM_BITS - shift, 0)
    fraction = np.where(shift < RANDOM_BITS, widened, value >> np.maximum(shift - RANDOM_BITS, 0))
    return (fraction + random) >> RANDOM_BITS
