"""Functions of 16-bit codes in tables of 512 steps, as TFLite's kernels fill and read them.

Source: tensorflow/lite/kernels/internal/common.h (LUTPopulate and LUTLookup for int16).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.real_rounding import round_half_away
from bittrue.golden.numbers.shifts import half_up

Real = NDArray[Any]
"""In float32 or float64."""

_STEPS = 512
CODES = 65535
"""Codes of 16 bits, less one."""


def interpolated_table(
    function: Callable[[Real], Real],
    scale: float | np.floating,
    zero_point: int,
    unit: float | np.floating,
    dtype: DTypeLike,
    unit_zero_point: int = 0,
) -> Int64:
    """Return codes of a function at 512 steps over all inputs, and at their end.

    Each entry leans towards where the middle of its step would be right when interpolated.

    Parameters
    ----------
    function : callable
        Of real numbers in `dtype`.
    scale, zero_point : float, int
        Of the input's codes.
    unit, unit_zero_point : float, int
        Scale and zero point of the output's codes, which the tables of TFLite only use for the
        ends of its range.
    dtype : float32 or float64
        In which everything is computed.

    Returns
    -------
    ndarray of int64, shape (513,)
    """
    kind: Any = np.dtype(dtype).type
    scale, unit = kind(scale), kind(unit)
    low, high = scale * kind(-32768 - zero_point), scale * kind(32767 - zero_point)
    step = (high - low) / kind(_STEPS)
    top, bottom = unit * kind(32767 - unit_zero_point), unit * kind(-32768 - unit_zero_point)
    inverse = kind(CODES + 1) / (top - bottom)
    starts = low + np.arange(_STEPS, dtype=dtype) * step
    ends = low + np.arange(1, _STEPS + 1, dtype=dtype) * step
    value, middle = function(starts) * inverse, function(starts + step / kind(2)) * inverse
    between = round_half_away((function(ends) * inverse + round_half_away(value)) / kind(2))
    entry = round_half_away(value) - round_half_away((between - round_half_away(middle)) / kind(2))
    last = round_half_away(function(np.array([high], dtype=dtype)) * inverse)
    return np.clip(np.append(entry, last), -32768, 32767).astype(np.int64)


def interpolated(codes: Int64, table: Int64) -> Int64:
    """Interpolate a table of 512 steps at 16-bit codes."""
    step, offset = (codes >> 7) + 256, codes & 127
    return table[step] + half_up((table[step + 1] - table[step]) * offset, 7)
