"""Dot products with coded weights."""

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.units.coded_spec import WeightCode


def decode(codes: Tensor, code: WeightCode) -> Tensor:
    """Return the weights that codes stand for, int64, the shape of `codes`.

    Raises
    ------
    UserError
        If there is no such code.
    """
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < len(code.values):
        raise UserError(
            f"codes span {int(codes.min())} to {int(codes.max())}; "
            f"allowed: 0 to {len(code.values) - 1}"
        )
    return torch.tensor(code.values)[codes]


def coded_dot(inputs: Tensor, codes: Tensor, code: WeightCode) -> Tensor:
    """Multiply matrices, one of codes.

    Parameters
    ----------
    inputs : Tensor of an integer dtype, shape (..., rows, length)
        Of at most 16 bits.
    codes : Tensor of int64, shape (..., channels, length)
    code : WeightCode

    Returns
    -------
    Tensor of int64, shape (..., rows, channels)
        Exact: float64 holds every sum below 2**53, and these stay below
        ``length * 2**32`` with a length of at most 2**20.
    """
    weights = decode(codes, code)
    return (inputs.double() @ weights.double().mT).to(torch.int64)
