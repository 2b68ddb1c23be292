"""Sizes of the bit-serial unit, and the order in which it takes bit planes."""

from dataclasses import dataclass

from golden.errors import UserError
from golden.numbers.integer_type import IntegerType
from golden.numbers.limits import MAXIMUM_CODE_WIDTH
from golden.units.xnor_spec import MAXIMUM_LANES, MAXIMUM_LENGTH


@dataclass(frozen=True)
class BitSerialSpec:
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

    def __post_init__(self) -> None:
        if not 1 <= self.length <= MAXIMUM_LENGTH:
            raise UserError(f"length is {self.length!r}; allowed: 1 to {MAXIMUM_LENGTH}")
        if not 1 <= self.lanes <= MAXIMUM_LANES:
            raise UserError(f"lanes is {self.lanes!r}; allowed: 1 to {MAXIMUM_LANES}")

    @property
    def chunks(self) -> int:
        """Beats of one pair of planes."""
        return -(-self.length // self.lanes)

    @property
    def tail(self) -> int:
        """Lanes that count in the last chunk."""
        return self.length - (self.chunks - 1) * self.lanes

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
