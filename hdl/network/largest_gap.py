"""How far one ascending function is above another at most, without asking everywhere."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.numbers.arrays import Int64

Ascending = Callable[[Int64], NDArray[Any]]
"""Numbers from 0 to numbers that do not descend."""

_FEW = 1 << 14
"""Numbers of which all are asked at once, and how many beginnings a search has."""

_PARTS = 8
"""Into which an interval is divided that may have more."""

_CHUNK = 1 << 18
"""Numbers asked at once where all are: what fits the cache."""


def largest_gap(above: Ascending, below: Ascending, count: int) -> int | float:
    """Return the largest of ``above(n) - below(n)`` over n from 0 to count - 1.

    Within an interval from a to b no difference exceeds ``above(b) - below(a)``. Where that is no
    more than has been found, there is nothing to look for; other intervals are divided.
    """
    step = -(-count // _FEW)
    if step == 1:
        return gap_over_all(above, below, count)
    begins = np.arange(0, count, step, dtype=np.int64)
    largest = None
    while len(begins):
        ends = np.minimum(begins + step, count) - 1
        high, low = above(ends), below(begins)
        found = max((above(begins) - low).max(), (high - below(ends)).max())
        largest = found if largest is None else max(largest, found)
        open_ones = (high - low > largest) & (ends - begins > 1)
        if np.count_nonzero(open_ones) * step > count // 2:  # They rise side by side.
            return gap_over_all(above, below, count)
        begins, ends = begins[open_ones], ends[open_ones]
        step = -(-step // _PARTS)
        parts = begins[:, np.newaxis] + step * np.arange(_PARTS)
        begins = parts[parts <= ends[:, np.newaxis]]
    return _plain(largest)


def gap_over_all(above: Ascending, below: Ascending, count: int) -> int | float:
    """Return the same of any functions: of all numbers."""
    gaps = []
    for first in range(0, count, _CHUNK):
        numbers = np.arange(first, min(first + _CHUNK, count), dtype=np.int64)
        gaps.append((above(numbers) - below(numbers)).max())
    return _plain(max(gaps))


def _plain(number: Any) -> int | float:
    return cast(int | float, number.item())
