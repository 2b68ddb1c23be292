"""In which order blocks of a stream leave a memory, and how much of it that takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittrue.golden.numbers.arrays import Int64

_SEARCHED = 4096
"""Blocks of a period up to which the smallest memory that costs no cycle is looked for."""

_PERIODS = 4
"""Periods after which a memory that has not been too small never is."""


@dataclass(frozen=True)
class ReorderSpec:
    """Blocks of a period of a stream, in another order, several times or not at all.

    Parameters
    ----------
    length : int
        Blocks of a period of the input.
    places : tuple of int
        Which of them each block of the output is.
    beats : int
        Of a block.
    paired : tuple of bool
        For each block of the output, whether it needs the following one, too, which then is read
        at the same time; empty where one block is read at a time.
    whole : bool
        Whether a period is there as a whole before any of it is read, and free as a whole: two of
        them are kept.
    """

    length: int
    places: tuple[int, ...]
    beats: int
    paired: tuple[bool, ...] = ()
    whole: bool = False

    @cached_property
    def needed(self) -> Int64:
        """Blocks of a period that must be there before each block of the output."""
        if self.whole:
            return np.full(len(self.places), self.length)
        last = np.array(self.places) + (np.array(self.paired) if self.paired else 0)
        return np.maximum.accumulate(last) + 1

    @cached_property
    def freed(self) -> Int64:
        """Blocks of a period, from the first on, that nothing reads after each of the output.

        After the last one, those of the next period that nothing reads at all are free, too.
        """
        if self.whole:
            return np.append(np.zeros(len(self.places) - 1, dtype=np.int64), self.length)
        later = np.array([*self.places[1:], self.length + self.unread])
        freed: Int64 = np.minimum.accumulate(later[::-1])[::-1]
        return freed

    @cached_property
    def freed_before(self) -> Int64:
        """The same before each of the output."""
        return np.append(self.unread, self.freed[:-1])

    @property
    def unread(self) -> int:
        """Blocks at the beginning of a period that nothing reads."""
        return 0 if self.whole else min(self.places)

    @property
    def leaves_out(self) -> bool:
        """Whether some blocks of the input are not read at all."""
        following = zip(self.places, self.paired, strict=False)
        read = {*self.places, *(place + 1 for place, paired in following if paired)}
        return len(read) < self.length

    @property
    def demand(self) -> Int64:
        """Blocks that must be kept, counted from the first that is not free, before each."""
        return self.needed - self.freed_before

    @property
    def release(self) -> Int64:
        """Blocks that are free after each of the output, in addition."""
        return self.freed - self.freed_before

    @property
    def steps(self) -> Int64:
        """From each block to the next one that is read, in blocks of the memory."""
        following = np.array([*self.places[1:], self.length + self.places[0]])
        steps: Int64 = (following - np.array(self.places)) % self.depth
        return steps

    @property
    def period(self) -> int:
        """Cycles of a period."""
        return max(self.length, len(self.places)) * self.beats

    @cached_property
    def depth(self) -> int:
        """Blocks of the memory: as few as cost no cycle, and an even number if pairs are read."""
        unit = 2 if self.paired else 1
        most = 2 * self.length + 2 * unit
        if self.whole or max(self.length, len(self.places)) > _SEARCHED:
            return 2 * self.length
        wanted = self._beginnings(None)
        low, high = -(-int(self.demand.max()) // unit), -(-most // unit)
        while low < high:
            middle = (low + high) // 2
            if self._beginnings(middle * unit) == wanted:
                high = middle
            else:
                low = middle + 1
        return low * unit

    def _beginnings(self, depth: int | None) -> list[int] | None:
        """Return when each block of the output begins, counted in blocks, in a memory of a depth.

        None for the depth is one without end; None is returned where it is too small for any.
        """
        needed, freed = self.needed.tolist(), self.freed.tolist()
        beginnings: list[int] = []
        written, free, time = 0, self.unread, 0
        while len(beginnings) < _PERIODS * len(needed):
            period, place = divmod(len(beginnings), len(needed))
            writes = depth is None or written - free < depth
            reads = written >= period * self.length + needed[place]
            if not writes and not reads:
                return None
            if reads:
                beginnings.append(time)
                free = period * self.length + freed[place]
            written += writes
            time += 1
        return beginnings

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many beats of the input must have come before beats of the output."""
        period, place = np.divmod(outputs // self.beats, len(self.places))
        return (period * self.length + self.needed[place]) * self.beats

    def taken_with(self, periods: int) -> Int64:
        """Return before which beat of the output each beat of the input is taken at the latest.

        Parameters
        ----------
        periods : int
            Of an image.
        """
        blocks, count = periods * self.length, periods * len(self.places)
        starts = np.arange(periods)[:, None]
        freed = (starts * self.length + self.freed).ravel()
        block, beat = np.divmod(np.arange(blocks * self.beats), self.beats)
        image, rest = np.divmod(block - self.depth, blocks)
        last = np.searchsorted(freed, rest + 1) + image * count
        return (last + 1) * self.beats + beat + 1


def in_blocks(shape: Sequence[int], lanes: int) -> int:
    """Return the beats of a block of a shape, whose elements come `lanes` at a time."""
    return max(int(np.prod(shape, dtype=np.int64)) // lanes, 1)
