"""Limiting a value to an integer type."""

from amaranth.hdl import C, Mux, Value

from bittrue.golden.numbers.integer_type import IntegerType


def saturate(value: Value, target: IntegerType) -> Value:
    """Return the value of `target` nearest to a signed `value`."""
    return limit(value, *out_of_range(value, target), target)


def out_of_range(value: Value, target: IntegerType) -> tuple[Value, Value]:
    """Tell whether a signed value is below the range of `target`, and whether it is above it.

    From the bits that `target` lacks alone: no comparison is made.
    """
    sign = value[-1]
    magnitude_bits = target.width - 1 if target.signed else target.width
    lost = value[magnitude_bits:-1]
    below = sign & ~lost.all() if target.signed else sign
    return below, ~sign & lost.any()


def limit(value: Value, below: Value, above: Value, target: IntegerType) -> Value:
    """Return the low bits of a value, or a limit of `target` if it is out of range."""
    kept = value[: target.width]
    lowest, highest = C(target.minimum, target.width), C(target.maximum, target.width)
    limited = Mux(above, highest, Mux(below, lowest, kept))[: target.width]
    return limited.as_signed() if target.signed else limited
