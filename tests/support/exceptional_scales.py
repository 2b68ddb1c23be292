"""Scales in float32 whose steps no single multiplier reproduces."""

from collections.abc import Callable
from functools import partial

import numpy as np

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.float_requant import requantize_float32_half_even

Reference = Callable[[Int64], Int64]


EXCEPTIONAL = {
    "ties are exact and alternate": (7 * 2.0**-13, 1 << 17),
    "float32 rounds onto ties": (0x1FB0002 * 2.0**-37, 1 << 19),
    "float32 skips integers": (1.1e-6, 19_000_000),
}
"""A float32 scale, and the magnitude of accumulators under which no multiplier suits all."""


def exceptional(name: str) -> tuple[Reference, int]:
    scale, limit = EXCEPTIONAL[name]
    reference = partial(
        requantize_float32_half_even,
        scale=np.float32(scale),
        zero_point=0,
        minimum=-128,
        maximum=127,
    )
    return reference, limit
