"""Amounts of what an FPGA has."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bittrue.golden.numbers.arrays import Int64

Count = int | Int64


@dataclass(frozen=True, eq=False)
class Costs:
    """What a part takes, or each of several ways to build it.

    Attributes
    ----------
    luts, multipliers, halves : int or ndarray of int64
        Tables, hardware multipliers, and block RAMs counted in halves of one.
    """

    luts: Count = 0
    multipliers: Count = 0
    halves: Count = 0

    def __add__(self, other: "Costs") -> "Costs":
        return Costs(
            self.luts + other.luts,
            self.multipliers + other.multipliers,
            self.halves + other.halves,
        )

    def __mul__(self, count: int) -> "Costs":
        return Costs(self.luts * count, self.multipliers * count, self.halves * count)

    def sum(self) -> "Costs":
        """Return the costs of all together."""
        columns = (self.luts, self.multipliers, self.halves)
        return Costs(*(int(np.sum(column)) for column in columns))


def rounded_up(value: Any) -> Int64:
    """Return the next greater integers."""
    return np.asarray(np.ceil(value), dtype=np.int64)
