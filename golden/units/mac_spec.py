"""Multiply-accumulate: operand types, lengths, and the accumulator that provably suffices."""

from dataclasses import dataclass
from enum import Enum

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH, WORD_BITS

MINIMUM_OPERAND_WIDTH = 2
MAXIMUM_LUT_WIDTH = 8


class Multiplier(Enum):
    """What multiplies.

    ``DSP``: a hardware multiplier for each product. ``PACKED_DSP48E1`` and ``PACKED_MULT18X18D``:
    several products in one, see `golden.units.packing`. ``LUT``: look-up tables and carry chains.
    """

    DSP = "dsp"
    PACKED_DSP48E1 = "packed_dsp48e1"
    PACKED_MULT18X18D = "packed_mult18x18d"
    LUT = "lut"

    @property
    def widest(self) -> int:
        """Bits of the widest operand."""
        return MAXIMUM_LUT_WIDTH if self is Multiplier.LUT else MAXIMUM_CODE_WIDTH


def check_operand(name: str, kind: IntegerType, maximum: int = MAXIMUM_CODE_WIDTH) -> None:
    """Refuse an operand type that a multiplier does not take.

    Raises
    ------
    UserError
        Naming the parameter, its value and the allowed range.
    """
    if not MINIMUM_OPERAND_WIDTH <= kind.width <= maximum:
        raise UserError(
            f"{name} is {kind}; allowed: {MINIMUM_OPERAND_WIDTH} to {maximum} bits, "
            "signed or unsigned"
        )


def check_at_least_one(**values: int) -> None:
    """Refuse a count below one.

    Raises
    ------
    UserError
        Naming the parameter and its value.
    """
    for name, value in values.items():
        if value < 1:
            raise UserError(f"{name} is {value!r}; allowed: at least 1")


def product_range(a: IntegerType, b: IntegerType) -> tuple[int, int]:
    """Return the smallest and the largest product of two types."""
    corners = [x * y for x in (a.minimum, a.maximum) for y in (b.minimum, b.maximum)]
    return min(corners), max(corners)


def accumulator_for(a: IntegerType, b: IntegerType, length: int) -> IntegerType:
    """Return the narrowest type that holds every sum of up to `length` products.

    The extreme sums are ``length`` times the extreme products, or no product at all.
    """
    low, high = product_range(a, b)
    return IntegerType.spanning(min(length * low, 0), max(length * high, 0))


def check_length(length: int, a: IntegerType, b: IntegerType) -> None:
    """Refuse more products of two types than the widest accumulator holds.

    Raises
    ------
    UserError
        Naming the length and what is allowed.
    """
    low, high = product_range(a, b)
    longest = ((1 << (WORD_BITS - 1)) - 1) // max(-low, high)
    if length > longest:
        raise UserError(
            f"length is {length}; allowed: up to {longest}, as more products of {a} and {b} take "
            f"an accumulator of more than {WORD_BITS} bits"
        )


@dataclass(frozen=True)
class MacSpec:
    """Parameters of a multiply-accumulate unit; golden, circuit and tests share one object.

        o[r][c] = sum over the beats of a frame, and over lanes, of a[r][lane] * b[c][lane]

    Parameters
    ----------
    a, b : IntegerType
        Operands of 2 to 16 bits, each signed or unsigned; up to 8 bits with `Multiplier.LUT`.
    lanes : int
        Products of each sum in one beat.
    rows, columns : int
        Vectors of `a` and of `b` in one beat; every pair of them has a sum.
    length : int
        Most products of a frame.
    multiplier : Multiplier
        What multiplies.
    accumulator : IntegerType, optional
        Of the sums; by default the narrowest that holds every sum of `length` products.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    a: IntegerType = IntegerType(8, True)
    b: IntegerType = IntegerType(8, True)
    lanes: int = 1
    rows: int = 1
    columns: int = 1
    length: int = 1024
    multiplier: Multiplier = Multiplier.DSP
    accumulator: IntegerType | None = None

    def __post_init__(self) -> None:
        check_operand("a", self.a, self.multiplier.widest)
        check_operand("b", self.b, self.multiplier.widest)
        check_at_least_one(lanes=self.lanes, rows=self.rows, columns=self.columns)
        if self.length < self.lanes:
            raise UserError(f"length is {self.length!r}; allowed: at least lanes = {self.lanes}")
        check_length(self.length, self.a, self.b)
        needed = accumulator_for(self.a, self.b, self.length)
        if self.accumulator is None:
            object.__setattr__(self, "accumulator", needed)
        elif not (needed.minimum in self.accumulator and needed.maximum in self.accumulator):
            raise UserError(
                f"accumulator is {self.accumulator}; allowed: {needed} or what holds it, for "
                f"length = {self.length} products of {self.a} and {self.b}"
            )

    @property
    def sum_type(self) -> IntegerType:
        """Type of the sums, the accumulator."""
        assert self.accumulator is not None
        return self.accumulator

    @property
    def longest_frame(self) -> int:
        """Beats of the longest frame."""
        return self.length // self.lanes
