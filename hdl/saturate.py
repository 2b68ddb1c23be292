"""Limiting a value to an integer type."""

from amaranth.hdl import C, Cat, Mux, Value

from golden.integer_type import IntegerType


def saturate(value: Value, target: IntegerType) -> Value:
    """Return the value of `target` nearest to a signed `value`.

    From the bits that `target` lacks alone: no comparison is made.
    """
    if len(value) <= target.width and target.signed:
        return value
    sign = value[-1]
    magnitude_bits = target.width - 1 if target.signed else target.width
    kept, lost = value[:magnitude_bits], value[magnitude_bits:-1]
    too_large = ~sign & lost.any()
    if target.signed:
        too_small = sign & ~lost.all()
        limited = Mux(too_large | too_small, (~sign).replicate(magnitude_bits), kept)
        return Cat(limited, sign).as_signed()
    return Mux(sign, C(0, target.width), kept | too_large.replicate(target.width))
