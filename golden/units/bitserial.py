"""Dot products of integers of any precision, and their bit planes."""

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH


def bit_planes(values: Tensor, kind: IntegerType) -> Tensor:
    """Return the bits of two's complement (or unsigned) numbers.

    Parameters
    ----------
    values : Tensor of an integer dtype
    kind : IntegerType
        1 to 16 bits.

    Returns
    -------
    Tensor of int64, shape (width, *values.shape)
        0 and 1, the lowest plane first.

    Raises
    ------
    UserError
        If a value does not fit the type.
    """
    if kind.width > MAXIMUM_CODE_WIDTH:
        raise UserError(f"precision is {kind}; allowed: 1 to {MAXIMUM_CODE_WIDTH} bits")
    if values.numel():
        low, high = (int(bound) for bound in values.aminmax())
        if low not in kind or high not in kind:
            raise UserError(f"values span {low} to {high}, outside {kind}")
    places = torch.arange(kind.width).reshape(-1, *(1 for _ in values.shape))
    return (values.to(torch.int64) >> places) & 1


def integer_dot(a: Tensor, b: Tensor) -> Tensor:
    """Multiply vectors in pairs.

    Parameters
    ----------
    a, b : Tensor of an integer dtype, shape (..., length)
        Numbers of at most 16 bits.

    Returns
    -------
    Tensor of int64, shape (...)
        Exact up to a length of 2**31.
    """
    return (a.to(torch.int64) * b.to(torch.int64)).sum(-1)
