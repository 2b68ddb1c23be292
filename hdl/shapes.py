"""Amaranth shapes of golden integer types."""

from amaranth.hdl import Shape

from golden.integer_type import IntegerType


def shape_of(integer: IntegerType) -> Shape:
    """Return the Amaranth shape with the width and signedness of `integer`."""
    return Shape(integer.width, signed=integer.signed)


def type_of(shape: Shape) -> IntegerType:
    """Return the golden integer type with the width and signedness of `shape`."""
    return IntegerType(shape.width, shape.signed)
