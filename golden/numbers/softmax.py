"""Softmax in integers, as TFLite's reference kernel computes it.

Sources: tensorflow/lite/kernels/internal/reference/softmax.h, internal/common.h (GetReciprocal),
internal/quantization_util.cc (PreprocessSoftmaxScaling, CalculateInputRadius).
"""

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.gemmlowp import (
    exp_of_negative,
    high_multiply,
    one_over_one_plus,
)
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.shifts import half_away

_DIFFERENCE_INTEGER_BITS = 5
_DIFFERENCE_FRACTION_BITS = 26
SUM_INTEGER_BITS = 12
"""Of the sum of exponentials, Q12.19."""


def softmax_exponential(input_scale: float, beta: float, width: int) -> Int64:
    """Return exp in Q0.31 for each difference from the largest code of a row.

    Parameters
    ----------
    input_scale, beta : float
        Float32 values of the model.
    width : int
        Bits of the input codes, at most 8.

    Returns
    -------
    ndarray of int64, shape (2**width,)
        Zero for differences that the reference skips.

    Raises
    ------
    UserError
        If the scale is too small for the reference's arithmetic.
    """
    scaled = min(beta * input_scale * (1 << _DIFFERENCE_FRACTION_BITS), (1 << 31) - 1.0)
    if not scaled > 1:
        raise UserError(f"beta * input scale is {beta * input_scale}; allowed: above 2**-26")
    multiplier, left_shift = (int(value) for value in quantize_multiplier(scaled))
    largest = (1 << _DIFFERENCE_INTEGER_BITS) - 1
    radius = int(largest * (1 << _DIFFERENCE_FRACTION_BITS) / (1 << left_shift))
    difference = -np.arange(1 << width, dtype=np.int64)
    rescaled = high_multiply(np.maximum(difference, -radius) << left_shift, multiplier)
    return np.where(difference >= -radius, exp_of_negative(rescaled, _DIFFERENCE_INTEGER_BITS), 0)


def softmax(codes: ArrayLike, exponential: Int64, output: IntegerType) -> Int64:
    """Compute softmax over the last dimension.

    Parameters
    ----------
    codes : array_like of int, shape (..., classes)
        Fewer than 4096 classes.
    exponential : ndarray of int64
        As `softmax_exponential` returns it.
    output : IntegerType
        8 or 16 bits; 2**-width is the output's scale and its lowest code stands for zero.

    Returns
    -------
    ndarray of int64
        Codes of the output type, the shape of `codes`.
    """
    wide = np.asarray(codes, dtype=np.int64)
    terms = exponential[wide.max(axis=-1, keepdims=True) - wide]
    total = half_away(terms, SUM_INTEGER_BITS).sum(axis=-1, keepdims=True)
    # 32 less the bits of the sum, by a float's exponent: exact below 2**53.
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    reciprocal = one_over_one_plus((total << headroom) - (1 << 31))
    shift = SUM_INTEGER_BITS - headroom + 31 - output.width
    scaled = half_away(high_multiply(reciprocal, terms), shift)
    return np.clip(scaled + output.minimum, output.minimum, output.maximum)
