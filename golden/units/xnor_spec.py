"""What an XNOR-popcount unit can be given: its length, its lanes, and thresholds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.chunks import Chunks


@dataclass(frozen=True)
class XnorSpec(Chunks):
    """Sizes of a dot product of codes -1 and +1; golden, circuit and tests share one object.

        dot = 2 * agreements - length

    A bit 0 stands for -1 and a bit 1 for +1. A dot product longer than the lanes takes several
    chunks; lanes beyond the length in the last chunk count for nothing, whatever they hold.

    Parameters
    ----------
    length : int
        Elements of a dot product, 1 to 2**20.
    lanes : int
        Elements taken at a time, 1 to 1024.
    thresholded : bool
        Whether the result is a bit: ``(agreements > threshold) != inverted``.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    length: int
    lanes: int
    thresholded: bool = False

    @property
    def dot(self) -> IntegerType:
        """Type of the dot product."""
        return IntegerType.spanning(-self.length, self.length)

    @property
    def threshold(self) -> IntegerType:
        """Type of a threshold."""
        return IntegerType.spanning(0, self.length)


@dataclass(frozen=True, eq=False, init=False)
class SignThresholds:
    """A threshold and a direction for each channel.

    Parameters
    ----------
    length : int
        Elements of the dot product.
    threshold : array_like of int, shape (channels,)
        0 to `length`; a channel whose agreements exceed it becomes 1.
    inverted : array_like of bool, shape (channels,)
        Where true, 0 and 1 change places. A threshold of `length` is never exceeded.

    Raises
    ------
    UserError
        Naming the first channel out of range.
    """

    length: int
    threshold: Int64
    inverted: NDArray[np.bool_]

    def __init__(self, length: int, threshold: ArrayLike, inverted: ArrayLike) -> None:
        thresholds = np.array(threshold, dtype=np.int64)
        directions = np.array(inverted, dtype=np.bool_)
        if thresholds.ndim != 1 or thresholds.shape != directions.shape:
            raise UserError(
                f"threshold has shape {thresholds.shape} and inverted {directions.shape}; "
                "allowed: one of each for every channel"
            )
        outside = np.flatnonzero((thresholds < 0) | (thresholds > length))
        if outside.size:
            channel = outside[0]
            raise UserError(
                f"threshold of channel {channel} is {thresholds[channel]}; allowed: 0 to {length}"
            )
        thresholds.setflags(write=False)
        directions.setflags(write=False)
        object.__setattr__(self, "length", length)
        object.__setattr__(self, "threshold", thresholds)
        object.__setattr__(self, "inverted", directions)
