"""Operand modes of the multi-precision shift-add unit, and how operands are packed."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.chunks import MAXIMUM_LENGTH

WIDTHS = (2, 4, 8, 16)
"""Operand widths by their run-time code."""

BRICKS = 16
"""Multipliers of two by two bits."""

_WIDEST_AT_ONCE = 8


@dataclass(frozen=True)
class ShiftAddSpec:
    """Sizes of a shift-add unit; golden, circuit and tests share one object.

    Parameters
    ----------
    maximum_width : int
        8, or 16, which adds operands of 16 bits, taken a byte per cycle. A run-time width code
        beyond the maximum means the maximum.
    length : int
        Most products of a frame, 1 to 2**20; the sum is wide enough for so many.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    maximum_width: int = 16
    length: int = 1024

    def __post_init__(self) -> None:
        if self.maximum_width not in (8, 16):
            raise UserError(f"maximum_width is {self.maximum_width!r}; allowed: 8 or 16")
        if not 1 <= self.length <= MAXIMUM_LENGTH:
            raise UserError(f"length is {self.length!r}; allowed: 1 to {MAXIMUM_LENGTH}")

    @property
    def operand_bytes(self) -> int:
        """Bytes of all operands of one side in a beat."""
        return 4 * self.maximum_width // _WIDEST_AT_ONCE

    @property
    def sum_type(self) -> IntegerType:
        """Narrowest type that holds every sum of `length` products."""
        signed = IntegerType(self.maximum_width, True)
        unsigned = IntegerType(self.maximum_width, False)
        return IntegerType.spanning(
            self.length * signed.minimum * unsigned.maximum,
            self.length * unsigned.maximum * unsigned.maximum,
        )

    def width(self, code: int) -> int:
        """Return the operand width that a run-time code means."""
        return min(WIDTHS[code], self.maximum_width)


def products_per_beat(a_width: int, b_width: int) -> int:
    """Return how many products a beat holds: as many as the bricks can compute."""
    return BRICKS // (digits(a_width) * digits(b_width))


def cycles_per_beat(a_width: int, b_width: int) -> int:
    """Return the cycles that a beat takes: one for each pair of operand bytes."""
    return -(-a_width // _WIDEST_AT_ONCE) * -(-b_width // _WIDEST_AT_ONCE)


def digits(width: int) -> int:
    """Return the two-bit digits of an operand that are multiplied at once."""
    return min(width, _WIDEST_AT_ONCE) // 2
