"""Integers side by side in words of any width, without losing a bit.

Everything that packs integers into the words of a memory, a port or a file does it here: numpy
turns a list of Python integers on both sides of 2**63 into float64, and drops low bits silently.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bittrue.golden.numbers.exact_integers import exact_integers

Words = NDArray[np.uint64]
"""Packed words, shape (words, 64-bit limbs), lowest limb first."""

_LIMB = 64


def empty_words(count: int, width: int) -> Words:
    """Return `count` words of `width` bits, all zero."""
    return np.zeros((count, max(-(-width // _LIMB), 1)), dtype=np.uint64)


def insert_field(words: Words, offset: int, width: int, values: ArrayLike) -> None:
    """Put one integer into each word, in two's complement.

    Parameters
    ----------
    words : ndarray of uint64, shape (words, limbs)
        Changed in place; the field's bits are zero before.
    offset : int
        Lowest bit of the field.
    width : int
        Bits of the field, 0 or more; the field may cross any number of limbs.
    values : array_like of integers, shape (words,)
        Each within ``-2**(width - 1)`` to ``2**width - 1``.

    Raises
    ------
    ValueError
        If a value does not fit.
    """
    numbers = exact_integers(values)
    low, high = -(1 << width >> 1), (1 << width) - 1
    if numbers.size and not low <= int(numbers.min()) <= int(numbers.max()) <= high:
        raise ValueError(f"a value in {numbers.min()} to {numbers.max()} does not fit {width} bits")
    for first in range(0, width, _LIMB):
        bits = min(width - first, _LIMB)
        limb = _limb(numbers, first, bits)
        place, shift = divmod(offset + first, _LIMB)
        words[:, place] |= limb << np.uint64(shift)
        if shift + bits > _LIMB:
            words[:, place + 1] |= limb >> np.uint64(_LIMB - shift)


def pack_words(columns: Sequence[tuple[ArrayLike, int]]) -> list[int]:
    """Return the words that hold a value of every column, the first column lowest.

    Parameters
    ----------
    columns : sequence of (values, width)
        At least one. Values are integers, as many in each column, that fit the width in bits.

    Returns
    -------
    list of int
        Unsigned Python integers, as many as a column has values.
    """
    width = sum(bits for _, bits in columns)
    words = empty_words(len(np.atleast_1d(exact_integers(columns[0][0]))), width)
    offset = 0
    for values, bits in columns:
        insert_field(words, offset, bits, values)
        offset += bits
    return as_integers(words)


def as_integers(words: Words) -> list[int]:
    """Return words as unsigned Python integers."""
    octets = np.ascontiguousarray(words).astype("<u8").tobytes()
    size = words.shape[1] * _LIMB // 8
    return [
        int.from_bytes(octets[first : first + size], "little")
        for first in range(0, len(octets), size)
    ]


def _limb(numbers: NDArray[Any], first: int, bits: int) -> NDArray[np.uint64]:
    """Return up to 64 bits of each number, from bit `first` on."""
    mask = (1 << bits) - 1
    if numbers.dtype == object:
        return np.array([(number >> first) & mask for number in numbers.tolist()], dtype=np.uint64)
    # Beyond bit 63 there are copies of the sign alone.
    return (numbers >> min(first, _LIMB - 1)).astype(np.uint64) & np.uint64(mask)
