"""Dot products of binary codes, and the sign of their batch norm as one integer per channel."""

from collections.abc import Callable

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.units.xnor_spec import SignThresholds


def xnor_dot(inputs: Tensor, weights: Tensor) -> Tensor:
    """Multiply binary matrices.

    Parameters
    ----------
    inputs : Tensor of 0 and 1, shape (..., length)
        A bit 0 stands for -1, a bit 1 for +1.
    weights : Tensor of 0 and 1, shape (channels, length)

    Returns
    -------
    Tensor of int64, shape (..., channels)
        Dot products, -length to length; exact, as float64 holds every integer up to 2**53.

    Raises
    ------
    UserError
        If a code is neither 0 nor 1.
    """
    for name, bits in (("inputs", inputs), ("weights", weights)):
        if not torch.isin(bits, torch.tensor([0, 1])).all():
            raise UserError(f"{name} hold codes other than 0 and 1, which stand for -1 and +1")
    return ((2.0 * inputs.double() - 1) @ (2.0 * weights.double() - 1).mT).to(torch.int64)


def apply_thresholds(dots: Tensor, thresholds: SignThresholds) -> Tensor:
    """Turn dot products into bits.

        bit = (agreements > threshold) != inverted,  agreements = (dot + length) / 2

    Parameters
    ----------
    dots : Tensor of int64, shape (..., channels)
    thresholds : SignThresholds

    Returns
    -------
    Tensor of int64
        0 and 1, the shape of `dots`.
    """
    agreements = (dots + thresholds.length) // 2
    above = agreements > torch.from_numpy(thresholds.threshold.copy())
    return (above != torch.from_numpy(thresholds.inverted.copy())).to(torch.int64)


def fold_sign(length: int, channels: int, positive: Callable[[Tensor], Tensor]) -> SignThresholds:
    """Reduce what follows a dot product, up to a sign, to a threshold per channel.

    Every dot product that can occur is tried, so the thresholds reproduce the function's own
    arithmetic, floating-point rounding included.

    Parameters
    ----------
    length : int
        Elements of the dot product.
    channels : int
        Output channels.
    positive : callable
        From dot products, contiguous float32 of shape (length + 1, channels), to whether the next
        code is +1, such as ``lambda dots: batch_norm(dots) >= 0``. (How torch's batch norm rounds
        depends on the memory layout.)

    Returns
    -------
    SignThresholds

    Raises
    ------
    UserError
        If a channel changes its sign more than once.
    """
    dots = torch.arange(-length, length + 1, 2, dtype=torch.float32)
    bits = positive(dots[:, None].repeat(1, channels))
    if bits.shape != (length + 1, channels) or bits.dtype != torch.bool:
        raise UserError(
            f"the sign has shape {tuple(bits.shape)} and type {bits.dtype}; "
            f"allowed: torch.bool of shape {(length + 1, channels)}"
        )
    steps = bits[1:] != bits[:-1]
    crooked = torch.nonzero(steps.sum(0) > 1)
    if len(crooked):
        raise UserError(
            f"the sign of channel {int(crooked[0])} changes more than once over the dot products; "
            "only a monotone function folds into a threshold"
        )
    # The last dot product before the step; without a step, one that is never exceeded.
    last_before = torch.where(steps.any(0), steps.int().argmax(0), torch.tensor(length))
    return SignThresholds(length, last_before.numpy(), bits[0].numpy())
