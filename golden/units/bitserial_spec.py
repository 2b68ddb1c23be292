"""Sizes of the bit-serial unit, and the order in which it takes bit planes."""

from dataclasses import dataclass

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.units.chunks import Chunks


@dataclass(frozen=True)
class BitSerialSpec(Chunks):
    """Sizes of a dot product taken bit plane by bit plane.

        sum = sum over planes m, k of +-2**(m + k) * popcount(a_plane[m] & b_plane[k])

    Parameters
    ----------
    length : int
        Elements of a dot product, 1 to 2**20.
    lanes : int
        Elements taken at a time, 1 to 1024; in the last chunk those beyond the length count for
        nothing.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    length: int = 256
    lanes: int = 256

    @property
    def sum_type(self) -> IntegerType:
        """Narrowest type that holds the sum at every precision."""
        signed, unsigned = (
            IntegerType(MAXIMUM_CODE_WIDTH, True),
            IntegerType(MAXIMUM_CODE_WIDTH, False),
        )
        return IntegerType.spanning(
            self.length * signed.minimum * unsigned.maximum,
            self.length * unsigned.maximum * unsigned.maximum,
        )


def plane_order(a_width: int, b_width: int) -> list[tuple[int, int]]:
    """Return the pairs of planes (of `a`, of `b`) in the order in which a unit takes them.

    Weights ``m + k`` descend, so that the accumulator is doubled once for each weight; among
    equal weights the plane of `a` descends.
    """
    return [
        (m, weight - m)
        for weight in range(a_width + b_width - 2, -1, -1)
        for m in range(a_width - 1, -1, -1)
        if 0 <= weight - m < b_width
    ]
