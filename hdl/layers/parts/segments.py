"""Functions of wide codes by segments, straight lines with corrections where they are not exact.

    values[high * 2**bits + low] = ((base[high] + slope[high] * low) >> shift) + correction[code]

Which lines there are is found from the values alone, so tables that a reference interpolates itself
become their few steps again, and any others as few as they allow: at worst one for each code.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType

_LONGEST = 8
"""Bits of a code within the longest segment that is tried."""

_FINER = (0, 3)
"""Bits that lines may have below those that the place in a segment has."""

_CORRECTION_BITS = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class Segments:
    """A table of values as lines.

    Attributes
    ----------
    bits : int
        Of the place in a segment.
    shift : int
        Fraction bits of the lines.
    base, slope : ndarray of int64, shape (segments,)
    correction : ndarray of int64, shape (codes,)
        From 0 to 3.
    """

    bits: int
    shift: int
    base: Int64
    slope: Int64
    correction: Int64

    @property
    def widths(self) -> tuple[int, int]:
        """Bits of a base and of a slope; no slope where a segment is one value."""
        return _spanning(self.base).width, _spanning(self.slope).width if self.bits else 0

    @property
    def correction_width(self) -> int:
        """Bits of a correction; 0 where lines are exact."""
        return int(self.correction.max()).bit_length()

    @property
    def stored_bits(self) -> int:
        """Bits of all lines and corrections."""
        return len(self.base) * sum(self.widths) + len(self.correction) * self.correction_width

    def evaluate(self) -> Int64:
        """Return the values."""
        return _on_lines(self.base, self.slope, self.bits, self.shift) + self.correction


def segmented(values: NDArray[np.integer]) -> Segments:
    """Return the lines and corrections of a table that take the fewest bits.

    Parameters
    ----------
    values : ndarray of integers, shape (2**width,)
        In ascending order of the codes.
    """
    wide = values.astype(np.int64)
    nothing = np.zeros_like(wide)
    found = [Segments(0, 0, wide, nothing, nothing)]
    longest = min(_LONGEST, len(wide).bit_length() - 2)
    for correction_bits in _CORRECTION_BITS:
        for bits in range(longest, 0, -1):
            fitting = [_lines(wide, bits, bits + finer, correction_bits) for finer in _FINER]
            lines = [each for each in fitting if each is not None]
            found += lines
            if lines:  # Shorter segments are more of them, each with as many bits.
                break
    return min(found, key=lambda each: each.stored_bits)


def _lines(values: Int64, bits: int, shift: int, correction_bits: int) -> Segments | None:
    """Return a line for each segment; None if some segment is on no line.

    With a slope, each value bounds the base from both sides: what it takes to reach the value less
    the largest correction, and what would reach the next one.
    """
    rows = values.reshape(-1, 1 << bits)
    last = (1 << bits) - 1
    below = ((1 << correction_bits) - 1) << shift
    # Between the ends of a segment the line rises by what they differ, give or take the slack.
    middle = ((rows[:, -1] - rows[:, 0]) << shift) // last
    reach = ((1 << shift) + below) // last + 1
    low = np.arange(1 << bits)
    base, slope = np.zeros_like(middle), np.zeros_like(middle)
    missing = np.arange(len(rows))
    for step in sorted(range(-reach, reach + 2), key=abs):
        slopes = middle[missing] + step
        starts = (rows[missing] << shift) - slopes[:, None] * low
        least, most = starts.max(axis=1) - below, starts.min(axis=1) + (1 << shift) - 1
        fits = least <= most
        base[missing[fits]], slope[missing[fits]] = least[fits], slopes[fits]
        missing = missing[~fits]
        if not missing.size:
            break
    if missing.size:
        return None
    correction = values - _on_lines(base, slope, bits, shift)
    return Segments(bits, shift, base, slope, correction)


def _on_lines(base: Int64, slope: Int64, bits: int, shift: int) -> Int64:
    """Return the values of lines at every code."""
    low = np.arange(1 << bits)
    return ((base[:, None] + slope[:, None] * low) >> shift).ravel()


def _spanning(values: Int64) -> IntegerType:
    return IntegerType.spanning(int(values.min()), int(values.max()))
