"""Bricks of products: two bits times two bits, in tables."""

from amaranth.hdl import C, Cat, Value

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.popcount import lookup

BRICK = IntegerType.spanning(-6, 9)
"""Product of two digits, each 0 to 3, or as top digit of a signed operand -2 to 1."""

DIGIT_WIDTH = 2


def brick_product(operands: Value) -> Value:
    """Return the product of two digits, a table of six inputs for each bit.

    Parameters
    ----------
    operands : Value, 6 bits
        Two bits of either digit, then whether the first and the second one are signed.
    """
    return Cat(*lookup(list(operands), _product)).as_signed()


def two_bit_digits(bits: Value, kind: IntegerType) -> list[tuple[Value, bool]]:
    """Return the digits of the bits of an integer, lowest first, and which one is signed."""
    odd = len(bits) % DIGIT_WIDTH
    whole = Cat(bits, bits[-1] if kind.signed else C(0, 1)) if odd else bits
    starts = range(0, len(whole), DIGIT_WIDTH)
    return [
        (whole[start : start + DIGIT_WIDTH], kind.signed and start == starts[-1])
        for start in starts
    ]


def _product(x0: int, x1: int, y0: int, y1: int, x_signed: int, y_signed: int) -> int:
    """Return the product of two digits as an unsigned number of the brick's width."""
    x = x0 + (-2 * x1 if x_signed else 2 * x1)
    y = y0 + (-2 * y1 if y_signed else 2 * y1)
    return (x * y) & ((1 << BRICK.width) - 1)
