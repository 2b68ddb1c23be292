"""Weights as rows that share a scale, and scales that hardware can use."""

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.scheme import WeightScheme


def rows_of(weight: Tensor, scheme: WeightScheme) -> Tensor:
    """Return weights as (rows, weights): one row for the tensor, or one for each channel.

    Raises
    ------
    UserError
        If the granularity is neither.
    """
    if scheme.granularity == "group":
        raise UserError(
            f"weight.granularity is group with type {scheme.type}; allowed: tensor, channel, or "
            "types symmetric and power_of_two"
        )
    return weight.reshape(1, -1) if scheme.granularity == "tensor" else weight.flatten(1)


def per_channel(values: Tensor, weight: Tensor) -> Tensor:
    """Return one row's values for each channel, from those of the rows of `rows_of`."""
    return values.expand(len(weight), *values.shape[1:])


def at_least(scale: Tensor, smallest: Tensor, power_of_two: bool = False) -> Tensor:
    """Return scales with which every channel's bias fits."""
    if power_of_two:
        mantissa, exponent = torch.frexp(smallest)
        smallest = torch.ldexp(torch.ones_like(smallest), exponent - (mantissa == 0.5).int())
    return scale.to(torch.float32).maximum(smallest)


def check_bits(scheme: WeightScheme, lowest: int, highest: int) -> None:
    """Refuse bits that a type cannot have.

    Raises
    ------
    UserError
        Naming the type and what is allowed.
    """
    if not lowest <= scheme.bits <= highest:
        allowed = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
        raise UserError(f"weight.bits is {scheme.bits} with type {scheme.type}; allowed: {allowed}")
