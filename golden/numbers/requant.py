"""Fixed-point requantization: accumulator times multiplier, shifted, rounded, clamped.

Definitions and their sources are in `docs/numerics.md`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from golden.errors import UserError
from golden.numbers.requant_spec import MAXIMUM_MULTIPLIER_WIDTH, RequantChannels, RequantSpec
from golden.numbers.rounding import RANDOM_BITS, Rounding

# Products are kept below 2**61 in magnitude, so that adding half of any shift cannot overflow.
_PRODUCT_BITS = 62


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
    multiplier, shift, zero_point, minimum, maximum = (
        torch.from_numpy(values.copy())
        for values in (
            channels.multiplier,
            channels.shift,
            channels.zero_point,
            channels.minimum,
            channels.maximum,
        )
    )
    product, shift, first_shift = _multiply(
        accumulator.to(torch.int64), multiplier, shift, channels.spec
    )
    match rounding:
        case Rounding.TFLITE_DOUBLE:
            rounded = _round_twice(product, shift, first_shift, _half_away)
        case Rounding.RUY:
            rounded = _round_twice(product, shift, first_shift, _half_up)
        case Rounding.SINGLE_HALF_UP:
            rounded = _half_up(product, shift)
        case Rounding.SINGLE_HALF_AWAY:
            rounded = _half_away(product, shift)
        case Rounding.SINGLE_HALF_EVEN:
            rounded = _half_even(product, shift)
        case Rounding.FLOOR:
            rounded = product >> shift
        case Rounding.TRUNCATE:
            rounded = torch.where(product < 0, -(-product >> shift), product >> shift)
        case Rounding.STOCHASTIC:
            assert random is not None
            rounded = _stochastic(product, shift, random)
    return torch.clamp(rounded + zero_point, minimum, maximum)


def _check_inputs(
    accumulator: Tensor, channels: RequantChannels, rounding: Rounding, random: Tensor | None
) -> None:
    if channels.spec.multiplier_width > MAXIMUM_MULTIPLIER_WIDTH:
        raise UserError(
            f"multiplier_width is {channels.spec.multiplier_width}; here allowed: up to "
            f"{MAXIMUM_MULTIPLIER_WIDTH} bits; golden.graph.FixedPoint takes more"
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


def _multiply(
    accumulator: Tensor, multiplier: Tensor, shift: Tensor, spec: RequantSpec
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a product that rounds like the exact one, its shift, and its first rounding's shift.

    A product of more than 62 bits keeps its high bits and one "sticky" bit, which says whether any
    bit below was set; both shifts count that many bits less. Rounding asks of the low bits only
    whether the remainder is zero, below, at or above one half, and the sticky bit answers that as
    long as it stays below the half. Where the shift is too small for it to do so, a product this
    large is far beyond any output code, and only its sign matters.
    """
    first_shift = torch.tensor(spec.multiplier_width)
    product = accumulator * multiplier
    low_bits = spec.accumulator.width + spec.multiplier_width - _PRODUCT_BITS
    if low_bits <= 0:
        return product, shift, first_shift
    mask = (1 << low_bits) - 1
    low = (accumulator & mask) * multiplier
    high = (accumulator >> low_bits) * multiplier + (low >> low_bits)
    sticky = (high << 1) | ((low & mask) != 0)
    dropped = low_bits - 1
    fits = high.abs() < 1 << (_PRODUCT_BITS - 1 - low_bits)
    return (
        torch.where(fits, product, sticky),
        torch.where(fits, shift, (shift - dropped).clamp(min=2)),
        torch.where(fits, first_shift, first_shift - dropped),
    )


def _half_up(value: Tensor, shift: Tensor) -> Tensor:
    half = (torch.ones_like(shift) << shift) >> 1
    return (value + half) >> shift


def _half_away(value: Tensor, shift: Tensor) -> Tensor:
    return value.sign() * _half_up(value.abs(), shift)


def _half_even(value: Tensor, shift: Tensor) -> Tensor:
    rounded = _half_up(value, shift)
    tie = (shift > 0) & ((rounded << shift) - value == (torch.ones_like(shift) << shift) >> 1)
    return rounded - (tie & (rounded & 1 == 1)).to(torch.int64)


def _round_twice(
    value: Tensor, shift: Tensor, first_shift: Tensor, second: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    first = torch.minimum(shift, first_shift)
    return second(_half_up(value, first), shift - first)


def _stochastic(value: Tensor, shift: Tensor, random: Tensor) -> Tensor:
    # Left-shifted only where the shift is below RANDOM_BITS; beyond 2**45 the code saturates.
    widened = value.clamp(-(1 << 45), 1 << 45) << (RANDOM_BITS - shift).clamp(min=0)
    fraction = torch.where(
        shift < RANDOM_BITS, widened, value >> (shift - RANDOM_BITS).clamp(min=0)
    )
    return (fraction + random) >> RANDOM_BITS
