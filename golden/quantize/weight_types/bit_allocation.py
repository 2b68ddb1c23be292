"""How many bits each channel gets when their mean is given."""

import numpy as np

from bittrue.golden.numbers.arrays import Float64, Int64

FEWEST, MOST = 2, 16
"""Bits of one channel."""


def allocate_bits(ranges: Float64, bits: int) -> Int64:
    """Return bits for each channel: ``2**bits[i]`` grows with ``ranges[i]**(2/3)``.

    It is the least squared error for a given sum of levels, ``sum 2**bits[i]``: the derivative of
    ``ranges[i]**2 / 4**bits[i]`` is the same for all channels (R. Banner, Y. Nahshan, D. Soudry,
    NeurIPS 2019, section 4 and appendix). Here the mean of the whole bits is given instead: they
    are ``round(level + 2/3 log2 ranges[i])``, 2 to 16, where the level rises until the mean is
    reached; of channels that would get a bit at the same level, the first do.

    Parameters
    ----------
    ranges : ndarray, shape (channels,)
        Not negative. Channels of zeros get the fewest bits.
    bits : int
        Mean over the channels, at least 2.
    """
    with np.errstate(divide="ignore"):
        logarithms = 2 / 3 * np.log2(ranges)
    # Bit b + 1 of a channel is given at the level where round() goes up.
    steps = np.arange(FEWEST, MOST)[None, :] + 0.5 - logarithms[:, None]
    order = np.argsort(steps, axis=None, kind="stable")
    spare = (bits - FEWEST) * len(ranges)
    given = np.zeros(steps.size, dtype=np.int64)
    given[order[:spare]] = 1
    given[np.isinf(steps.reshape(-1))] = 0
    return FEWEST + given.reshape(steps.shape).sum(axis=1)
