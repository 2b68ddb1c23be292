"""Sums of two codes by tables alone, proven equal to an addition on every pair.

An addition scales both operands, adds them and scales the sum. With operands of few bits the last
scaling can move into the tables that do the first:

    code = clamp((first[a] + second[b]) >> shift, minimum, maximum)

Every pair (a, b) demands of its two entries that their sum lies in one interval. Such a system of
difference constraints has an integer solution exactly when Bellman and Ford's relaxation comes to
rest, and then that is one.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bittrue.golden.graph import Requantization, Tensor
from bittrue.golden.graph.add import Addend
from bittrue.golden.numbers.arrays import Int64

MAXIMUM_TABLE_WIDTH = 8
"""Bits of the codes for which tables are looked for."""

_LARGEST_SHIFT = 12
_UNBOUNDED = 1 << 40


@dataclass(frozen=True, eq=False)
class AdditionTables:
    """Integers that add two codes.

    Parameters
    ----------
    first, second : ndarray of int64, shape (2**width of the operand,)
        For each code of an operand, in ascending order.
    shift : int
        Right shift of their sum.
    minimum, maximum : int
        Clamp of the result.
    """

    first: Int64
    second: Int64
    shift: int
    minimum: int
    maximum: int

    def evaluate(self, first: Int64, second: Int64) -> Int64:
        """Return the codes of sums of table entries, by their indices."""
        total = (self.first[first] + self.second[second]) >> self.shift
        return np.clip(total, self.minimum, self.maximum)


@lru_cache(maxsize=64)
def find_addition_tables(
    addends: tuple[Addend, ...],
    requantization: Requantization | None,
    tensors: tuple[Tensor, ...],
) -> AdditionTables | None:
    """Return tables of the smallest shift that compute an addition, or None if there are none.

    Circuits are made several times over while a folding is chosen; the answer is kept.

    Parameters
    ----------
    addends : tuple of Addend
    requantization : FixedPoint or Certified, optional
    tensors : tuple of Tensor
        Its operands.

    Returns
    -------
    AdditionTables or None
        None also for an addition of other than two operands, of wider codes than
        `MAXIMUM_TABLE_WIDTH`, or with a requantization per channel or none at all.
    """
    if (
        len(tensors) != 2
        or requantization is None
        or len(requantization) > 1
        or max(tensor.type.width for tensor in tensors) > MAXIMUM_TABLE_WIDTH
    ):
        return None
    first, second = (
        addend.evaluate(np.arange(tensor.minimum, tensor.maximum + 1))
        for addend, tensor in zip(addends, tensors, strict=True)
    )
    codes = requantization.evaluate((first[:, None] + second)[..., None])[..., 0]
    # Doubling all entries solves the next larger shift, so bisection finds the smallest.
    low, high, found = 0, _LARGEST_SHIFT, None
    while low <= high:
        shift = (low + high) // 2
        solution = _solve(codes, shift)
        if solution is None:
            low = shift + 1
        else:
            high, found = shift - 1, (solution, shift)
    if found is None:
        return None
    (rows, columns), shift = found
    return AdditionTables(
        _for_every_code(rows, tensors[0]),
        _for_every_code(columns, tensors[1]),
        shift,
        int(codes.min()),
        int(codes.max()),
    )


def _solve(codes: Int64, shift: int) -> tuple[Int64, Int64] | None:
    """Return entries for rows and columns whose sums, shifted and clamped, are the codes.

    With columns negated every constraint bounds a difference. Starting from zeros, values only
    rise, and only as far as a chain of constraints demands, which is no longer than there are
    entries.
    """
    at_least = np.where(codes > codes.min(), codes << shift, -_UNBOUNDED)
    at_most = np.where(codes < codes.max(), ((codes + 1) << shift) - 1, _UNBOUNDED)
    negated = np.zeros(codes.shape[1], dtype=np.int64)
    for _ in range(sum(codes.shape) + 1):
        rows = (negated + at_least).max(axis=1)
        raised = np.maximum(negated, (rows[:, None] - at_most).max(axis=0))
        if (raised == negated).all():
            # Rows that nothing bounds from below are as good as the lowest of the others.
            highest = (negated + at_most).min(axis=1)
            bounded = rows > -_UNBOUNDED // 2
            lowest = rows[bounded].min() if bounded.any() else 0
            rows = np.where(bounded, rows, np.minimum(lowest, highest))
            return rows - negated.max(), negated.max() - negated
        negated = raised
    return None


def _for_every_code(entries: Int64, tensor: Tensor) -> Int64:
    """Return entries for the codes that do not occur as well, those of their neighbours."""
    kind = tensor.type
    return np.pad(
        entries, (tensor.minimum - kind.minimum, kind.maximum - tensor.maximum), mode="edge"
    )
