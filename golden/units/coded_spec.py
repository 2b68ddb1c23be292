"""Weights that are codes for integers: ternary, powers of two, and codebooks."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.units.chunks import MAXIMUM_LANES, MAXIMUM_LENGTH

MAXIMUM_EXPONENT = 15
MAXIMUM_CODEBOOK_WIDTH = 6


@dataclass(frozen=True)
class WeightCode:
    """What each code of a weight stands for.

    Parameters
    ----------
    values : tuple of int
        The weight of each code, as many as the code's width can tell apart: 2, 4, 8 ... 64.

    Raises
    ------
    UserError
        If there are too few, too many or too large weights.
    """

    values: tuple[int, ...]

    def __post_init__(self) -> None:
        count = len(self.values)
        if count not in [1 << width for width in range(1, MAXIMUM_CODEBOOK_WIDTH + 1)]:
            raise UserError(
                f"codebook holds {count} weights; allowed: a power of two from 2 to "
                f"{1 << MAXIMUM_CODEBOOK_WIDTH}, one for every code"
            )
        for code, value in enumerate(self.values):
            if value not in IntegerType(MAXIMUM_EXPONENT + 2, True):
                raise UserError(
                    f"weight of code {code} is {value}; allowed: "
                    f"{-1 << (MAXIMUM_EXPONENT + 1)} to {(1 << (MAXIMUM_EXPONENT + 1)) - 1}"
                )

    @property
    def width(self) -> int:
        """Bits of a code."""
        return (len(self.values) - 1).bit_length()

    def product_range(self, number: IntegerType) -> tuple[int, int]:
        """Return the smallest and the largest product with a number of a type, 0 included."""
        ends = [x * w for x in (number.minimum, number.maximum) for w in (*self.values, 0)]
        return min(ends), max(ends)

    def product(self, number: IntegerType) -> IntegerType:
        """Return the narrowest type that holds every product with a number of a type."""
        return IntegerType.spanning(*self.product_range(number))

    @classmethod
    def ternary(cls) -> "WeightCode":
        """Return 0, +1 and -1: bit 0 says not zero, bit 1 negative. Code 2 is another zero."""
        return cls((0, 1, 0, -1))

    @classmethod
    def power_of_two(cls, maximum_exponent: int) -> "WeightCode":
        """Return ``+-2**e`` for e of 0 to `maximum_exponent`, and 0.

        The lower bits hold e, the highest bit the sign; every e above the maximum stands for 0.
        """
        if not 0 <= maximum_exponent <= MAXIMUM_EXPONENT:
            raise UserError(
                f"maximum_exponent is {maximum_exponent!r}; allowed: 0 to {MAXIMUM_EXPONENT}"
            )
        size = 1 << (maximum_exponent + 1).bit_length()
        positive = [1 << e if e <= maximum_exponent else 0 for e in range(size)]
        return cls((*positive, *(-value for value in positive)))


@dataclass(frozen=True)
class CodedSpec:
    """A dot product with coded weights; golden, circuit and tests share one object.

        sum = sum over a frame's beats and lanes of input * values[weight]

    Parameters
    ----------
    code : WeightCode
        What the weights stand for.
    input : IntegerType
        Signed or unsigned, 2 to 16 bits.
    lanes : int
        Products of a beat, 1 to 1024.
    length : int
        Most products of a frame, 1 to 2**20; the sum is wide enough for so many.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    code: WeightCode
    input: IntegerType = IntegerType(8, True)
    lanes: int = 16
    length: int = 1024

    def __post_init__(self) -> None:
        if not 2 <= self.input.width <= MAXIMUM_CODE_WIDTH:
            raise UserError(
                f"input is {self.input}; allowed: 2 to {MAXIMUM_CODE_WIDTH} bits, "
                "signed or unsigned"
            )
        if not 1 <= self.lanes <= MAXIMUM_LANES:
            raise UserError(f"lanes is {self.lanes!r}; allowed: 1 to {MAXIMUM_LANES}")
        if not self.lanes <= self.length <= MAXIMUM_LENGTH:
            raise UserError(
                f"length is {self.length!r}; allowed: lanes = {self.lanes} to {MAXIMUM_LENGTH}"
            )

    @property
    def sum_type(self) -> IntegerType:
        """Narrowest type that holds every sum of up to `length` products."""
        low, high = self.code.product_range(self.input)
        return IntegerType.spanning(self.length * low, self.length * high)
