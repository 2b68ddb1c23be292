"""Limits of real values."""

import math

Range = tuple[float, float]
"""Lowest and highest value, inclusive."""

UNLIMITED: Range = (-math.inf, math.inf)
RELU: Range = (0.0, math.inf)


def within(first: Range, second: Range) -> Range:
    """Return the limits of two clamps in a row."""
    low, high = (min(max(limit, second[0]), second[1]) for limit in first)
    return low, high
