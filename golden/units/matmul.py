"""Matrix products of integers, exact."""

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import accumulator_for


def matmul(a: Tensor, b: Tensor, a_type: IntegerType, b_type: IntegerType) -> Tensor:
    """Multiply matrices of integers.

        result[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]

    Parameters
    ----------
    a : Tensor of an integer dtype, shape (..., M, K)
        Values of `a_type`.
    b : Tensor of an integer dtype, shape (..., K, N)
        Values of `b_type`.
    a_type, b_type : IntegerType
        With K, they say what the sums can be.

    Returns
    -------
    Tensor of int64, shape (..., M, N)

    Raises
    ------
    UserError
        If a value is outside its type, or a sum could exceed int64.
    """
    check_values("a", a, a_type)
    check_values("b", b, b_type)
    accumulator_for(a_type, b_type, max(a.shape[-1], 1))  # Refuses sums beyond 64 bits.
    return torch.matmul(a.to(torch.int64), b.to(torch.int64))


def check_values(name: str, values: Tensor, kind: IntegerType) -> None:
    """Refuse values outside a type.

    Raises
    ------
    UserError
        Naming the tensor and the range it spans.
    """
    if values.is_floating_point() or values.is_complex():
        raise UserError(f"{name} is {values.dtype}; allowed: an integer dtype")
    if values.numel():
        low, high = (int(bound) for bound in values.aminmax())
        if low not in kind or high not in kind:
            raise UserError(f"{name} spans {low} to {high}, outside {kind}")
