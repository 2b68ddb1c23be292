"""Matrix-vector products with zero points, exact."""

import torch
from torch import Tensor

from bittrue.golden.units.dot_spec import DotSpec
from bittrue.golden.units.matmul import check_values, matmul


def dot(x: Tensor, w: Tensor, bias: Tensor, weight_zero_point: Tensor, spec: DotSpec) -> Tensor:
    """Multiply weights by inputs and add the bias.

        result[n, p] = bias[p] + sum over k of x[n, k] * (w[p, k] - weight_zero_point[p])

    Parameters
    ----------
    x : Tensor of an integer dtype, shape (N, K)
        Values of `spec.inputs`, K at most `spec.length`.
    w : Tensor of an integer dtype, shape (P, K)
        Values of `spec.weights`.
    bias, weight_zero_point : Tensor of an integer dtype, shape (P,)
        Values of `spec.bias` and `spec.weights`.
    spec : DotSpec
        The types.

    Returns
    -------
    Tensor of int64, shape (N, P)

    Raises
    ------
    UserError
        If a value is outside its type.
    """
    check_values("bias", bias, spec.bias)
    check_values("weight_zero_point", weight_zero_point, spec.weights)
    products = matmul(x, w.T, spec.inputs, spec.weights)
    return bias + products - x.to(torch.int64).sum(1, keepdim=True) * weight_zero_point


def fold_input_zero_point(
    bias: Tensor, w: Tensor, input_zero_point: int, weight_zero_point: Tensor
) -> Tensor:
    """Return the bias with which inputs need no zero point of their own.

        sum (x - Zx)(w - Zw) = sum x (w - Zw) - Zx sum w + K Zx Zw

    Parameters
    ----------
    bias, weight_zero_point : Tensor of int64, shape (P,)
        Of each output.
    w : Tensor of an integer dtype, shape (P, K)
        Weight codes.
    input_zero_point : int
        Zx.

    Returns
    -------
    Tensor of int64, shape (P,)
    """
    centred = w.to(torch.int64).sum(1) - w.shape[1] * weight_zero_point
    return bias - input_zero_point * centred
