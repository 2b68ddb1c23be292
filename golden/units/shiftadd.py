"""Packed operands of 2, 4, 8 or 16 bits, and the sum of their products."""

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.shiftadd_spec import WIDTHS, products_per_beat


def pack_operands(values: Tensor, width: int, size: int) -> Tensor:
    """Lay operands side by side, the first one lowest.

    Parameters
    ----------
    values : Tensor of an integer dtype, shape (..., count)
        Signed or unsigned numbers of `width` bits.
    width : int
        2, 4, 8 or 16.
    size : int
        Bytes to fill; what the operands leave is zero.

    Returns
    -------
    Tensor of int64, shape (..., size)
        Bytes, the lowest first.

    Raises
    ------
    UserError
        If the width does not exist, an operand does not fit it, or there are too many.
    """
    if width not in WIDTHS:
        raise UserError(f"width is {width!r}; allowed: {', '.join(map(str, WIDTHS))}")
    if values.shape[-1] * width > 8 * size:
        raise UserError(f"{values.shape[-1]} operands of {width} bits exceed {size} bytes")
    low, high = (int(bound) for bound in values.aminmax()) if values.numel() else (0, 0)
    if low < IntegerType(width, True).minimum or high > IntegerType(width, False).maximum:
        raise UserError(f"operands span {low} to {high}, which {width} bits do not hold")
    bits = (values.to(torch.int64)[..., None] >> torch.arange(width)) & 1
    flat = torch.zeros((*values.shape[:-1], 8 * size), dtype=torch.int64)
    flat[..., : values.shape[-1] * width] = bits.flatten(-2)
    return (flat.unflatten(-1, (size, 8)) << torch.arange(8)).sum(-1)


def unpack_operands(data: Tensor, kind: IntegerType, count: int) -> Tensor:
    """Return the first `count` operands of packed bytes, the inverse of `pack_operands`."""
    bits = ((data[..., None] >> torch.arange(8)) & 1).flatten(-2)
    chosen = bits[..., : count * kind.width].unflatten(-1, (count, kind.width))
    unsigned = (chosen << torch.arange(kind.width)).sum(-1)
    return torch.where(unsigned > kind.maximum, unsigned - (1 << kind.width), unsigned)


def beat_sums(a: Tensor, b: Tensor, a_type: IntegerType, b_type: IntegerType) -> Tensor:
    """Multiply packed operands in pairs and add the products of each beat.

    Parameters
    ----------
    a, b : Tensor of int64, shape (beats, bytes)
    a_type, b_type : IntegerType
        Of 2, 4, 8 or 16 bits, signed or unsigned.

    Returns
    -------
    Tensor of int64, shape (beats,)
    """
    count = products_per_beat(a_type.width, b_type.width)
    return (unpack_operands(a, a_type, count) * unpack_operands(b, b_type, count)).sum(-1)
