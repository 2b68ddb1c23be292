"""Operand values for units that multiply, and frames of them."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType


def every_pair(a: IntegerType, b: IntegerType) -> tuple[Int64, Int64]:
    """Return all values of `a` with all values of `b`, shape (pairs,) each."""
    first, second = np.meshgrid(
        np.arange(a.minimum, a.maximum + 1), np.arange(b.minimum, b.maximum + 1), indexing="ij"
    )
    return first.ravel(), second.ravel()


def random_values(kind: IntegerType, shape: tuple[int, ...], rng: np.random.Generator) -> Int64:
    """Return uniform values, a quarter of them replaced by an extreme or by a value near zero."""
    uniform = rng.integers(kind.minimum, kind.maximum, shape, endpoint=True)
    special = rng.choice(
        [kind.minimum, kind.minimum + 1, kind.maximum - 1, kind.maximum, 0, 1], shape
    )
    return np.where(rng.random(shape) < 0.25, special, uniform)


@dataclass(frozen=True)
class Frames:
    """Beats grouped into frames.

    Attributes
    ----------
    last : ndarray of int64, shape (beats,)
        1 where a frame ends.
    """

    last: Int64

    @classmethod
    def random(cls, beats: int, longest: int, rng: np.random.Generator) -> "Frames":
        """Return frames of 1 to `longest` beats, single beats and the longest often among them."""
        lengths: list[int] = []
        while sum(lengths) < beats:
            any_length = int(rng.integers(1, longest, endpoint=True))
            lengths.append(int(rng.choice([1, longest, any_length])))
        last = np.zeros(sum(lengths), dtype=np.int64)
        last[np.cumsum(lengths) - 1] = 1
        last = last[:beats]
        last[-1] = 1
        return cls(last)

    @classmethod
    def single(cls, beats: int) -> "Frames":
        """Return frames of one beat each."""
        return cls(np.ones(beats, dtype=np.int64))

    @property
    def lengths(self) -> Int64:
        """Beats of each frame."""
        return np.diff(np.flatnonzero(self.last), prepend=-1)

    def pad(self, values: Int64) -> Int64:
        """Return frames stacked, the shorter ones filled with zeros: (frames, beats, ...)."""
        lengths = self.lengths
        starts = lengths.cumsum() - lengths
        padded = np.zeros((len(lengths), int(lengths.max()), *values.shape[1:]), dtype=np.int64)
        frame = np.repeat(np.arange(len(lengths)), lengths)
        padded[frame, np.arange(len(values)) - starts[frame]] = values
        return padded
