"""The pseudo-random sequence that circuits use."""

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError


def xorshift32(seed: int, count: int) -> NDArray[np.uint32]:
    """Return states 0 to count - 1 of Marsaglia's xorshift32 generator, the seed first.

    ``x ^= x << 13; x ^= x >> 17; x ^= x << 5`` on 32 bits, period 2**32 - 1 ("Xorshift RNGs",
    Journal of Statistical Software 8(14), 2003).

    Raises
    ------
    UserError
        If the seed is not in 1 to 2**32 - 1.
    """
    if not 1 <= seed < 1 << 32:
        raise UserError(f"seed is {seed!r}; allowed: 1 to {(1 << 32) - 1}")
    states = np.empty(count, dtype=np.uint32)
    state = seed
    for index in range(count):
        states[index] = state
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
    return states
