"""Constants of one output channel: its bias, and how accumulators become codes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.numbers.arrays import Int64

SIZE = 32
"""Bytes of a record."""

RECORD = np.dtype(
    {
        "names": [
            "bias", "multiplier", "positive", "negative", "shift", "zero_point", "minimum",
            "maximum",
        ],
        "formats": ["<i4", "<u4", "<i8", "<i8", "<u1", "<i1", "<i1", "<i1"],
        "offsets": [0, 4, 8, 16, 24, 25, 26, 27],
        "itemsize": SIZE,
    }
)  # fmt: skip
"""Layout of a record, little-endian; bytes 28 to 31 are zero."""

MAXIMUM_SHIFT = 62


@dataclass(frozen=True, eq=False)
class Records:
    """Constants of channels, as columns.

        code = clamp(((accumulator * multiplier + constant) >> shift) + zero_point)
        constant = negative if accumulator < 0 else positive

    The accumulator is the sum of products and bias, modulo 2**32.

    Parameters
    ----------
    bias : ndarray of int64, shape (channels,)
        Of 32 bits, signed.
    multiplier : ndarray
        0 to 2**31 - 1.
    positive, negative : ndarray
        Below 2**62 in magnitude.
    shift : ndarray
        0 to 62.
    zero_point, minimum, maximum : ndarray
        Bytes, signed.
    """

    bias: Int64
    multiplier: Int64
    positive: Int64
    negative: Int64
    shift: Int64
    zero_point: Int64
    minimum: Int64
    maximum: Int64

    def __len__(self) -> int:
        return len(self.bias)

    def packed(self) -> bytes:
        """Return the records as bytes; see `RECORD`."""
        packed = np.zeros(len(self), dtype=RECORD)
        for name in RECORD.names or ():
            values = getattr(self, name)
            packed[name] = values
            if (packed[name] != values).any():
                raise OverflowError(f"{name} of a record does not fit: {values}")
        return packed.tobytes()

    @classmethod
    def unpacked(cls, content: NDArray[np.uint8]) -> "Records":
        """Return the records that bytes of shape (channels, 32) hold."""
        packed = np.ascontiguousarray(content).view(RECORD)[:, 0]
        return cls(**{name: packed[name].astype(np.int64) for name in RECORD.names or ()})

    def requantize(self, accumulator: Int64) -> NDArray[np.int8]:
        """Return the codes of accumulators of shape (..., channels), before the bias is added."""
        total = wrapped(accumulator + self.bias)
        constant = np.where(total < 0, self.negative, self.positive)
        scaled = (total * self.multiplier + constant) >> self.shift
        return np.clip(scaled + self.zero_point, self.minimum, self.maximum).astype(np.int8)


def wrapped(values: Int64, bits: int = 32) -> Int64:
    """Return integers modulo ``2**bits``, as signed ones of so many bits."""
    half = 1 << (bits - 1)
    return ((values + half) & (2 * half - 1)) - half
