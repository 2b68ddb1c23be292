"""Softmax of 16-bit codes in integers, as TFLite's kernels compute it.

Sources: tensorflow/lite/kernels/internal/reference/softmax.h (SoftmaxInt16), and
kernels/activations.cc (SoftmaxPrepare).
"""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.gemmlowp import multiply_by_quantized_multiplier
from bittrue.golden.numbers.interpolated import CODES, Real, interpolated, interpolated_table
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.shifts import half_up

_LOWEST = -10.0
"""Exponents below are as good as this one."""


def softmax16_exponential(input_scale: float, beta: float) -> Int64:
    """Return exp in Q0.15 for each difference from the largest code of a row.

    Parameters
    ----------
    input_scale, beta : float
        Float32 values of the model.

    Returns
    -------
    ndarray of int64, shape (2**16,)

    Raises
    ------
    UserError
        If the scale is too large or small for the reference's arithmetic.
    """
    scale = input_scale * beta / (-_LOWEST / CODES)
    if not 2.0**-16 <= scale < 2.0**14:  # 17 bits, shifted left by up to 14, are 31.
        raise UserError(f"beta * input scale is {beta * input_scale}; allowed: 2**-28 to 2")
    multiplier, exponent = (int(value) for value in quantize_multiplier(scale))
    difference = -np.arange(CODES + 1, dtype=np.int64)
    scaled = multiply_by_quantized_multiplier(difference, multiplier, exponent)
    table = interpolated_table(_exp, -_LOWEST / CODES, 32767, 2.0 / CODES, np.float32)
    return interpolated(np.maximum(scaled + 32767, -32768), table)


def softmax16_reciprocal(dtype: DTypeLike) -> Int64:
    """Return the table of 1 / (1 + x), which a runtime evaluates in float32 or float64."""
    return interpolated_table(lambda real: 1 / (1 + real), 1.0 / CODES, -32768, 2.0 / CODES, dtype)


def softmax16(
    codes: ArrayLike, exponential: NDArray[np.integer], reciprocal: NDArray[np.integer]
) -> Int64:
    """Compute softmax over the last dimension.

    Parameters
    ----------
    codes : array_like of int, shape (..., classes)
        Fewer than 2**16 classes.
    exponential, reciprocal : ndarray of integers
        As `softmax16_exponential` and `softmax16_reciprocal` return them.

    Returns
    -------
    ndarray of int64
        0 to 32767 in units of 2**-15, the shape of `codes`.
    """
    wide = np.asarray(codes, dtype=np.int64)
    terms = exponential[wide.max(axis=-1, keepdims=True) - wide].astype(np.int64)
    total = terms.sum(axis=-1, keepdims=True)
    bits = np.frexp(total.astype(np.float64))[1].astype(np.int64)  # Exact below 2**53.
    # The sum with its first bit at bit 16, half up; the table begins at 1.
    normal = half_up(total << (31 - bits), 14)
    inverse = interpolated(np.minimum(normal - (3 << 15), 32767), reciprocal.astype(np.int64))
    shift = bits - 1
    return np.clip(half_up(terms * inverse, shift), 0, 32767)


def _exp(real: Real) -> Real:
    # Through float64: numpy's own float32 functions are further off than the C library's.
    return np.exp(real.astype(np.float64)).astype(real.dtype)
