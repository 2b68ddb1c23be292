"""Amaranth shapes of golden integer types."""

from amaranth.hdl import Shape

from bittrue.golden.numbers.integer_type import IntegerType


def shape_of(integer: IntegerType) -> Shape:
    """Return the Amaranth shape with the width and signedness of `integer`."""
    return Shape(integer.width, signed=integer.signed)


def shape_spanning(minimum: int, maximum: int) -> Shape:
    """Return the narrowest shape, of any width, for the integers of [minimum, maximum]."""
    if minimum >= 0:
        return Shape(max(maximum.bit_length(), 1), signed=False)
    return Shape(max(minimum, ~minimum, maximum).bit_length() + 1, signed=True)


def type_of(shape: Shape) -> IntegerType:
    """Return the golden integer type with the width and signedness of `shape`."""
    return IntegerType(shape.width, shape.signed)
