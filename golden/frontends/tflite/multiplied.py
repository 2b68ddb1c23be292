"""What MultiplyByQuantizedMultiplier makes of an operand, as an addend of a node."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.graph import Encoding, FixedPoint
from bittrue.golden.graph.add import Addend
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding


def multiplied_addend(
    encoding: Encoding, scale: float, what: str, left_shift: int = 0, subtract: bool = False
) -> Addend:
    """Return ``value * 2**left_shift * scale`` by a multiplier of 31 bits, rounded twice.

    Raises
    ------
    UserError
        Starting with `what`, if the reference's 32 bits could overflow.
    """
    multiplier, exponent = (int(value) for value in quantize_multiplier(scale))
    if exponent + left_shift > 31 - 17:  # Values have up to 17 bits.
        raise UserError(f"{what} scales by {scale}; the reference's 32 bits would overflow")
    up = left_shift + max(exponent, 0)
    return Addend(encoding, multiplier, 31 - up, max(-exponent, 0), subtract)


def limited(output: Affine) -> FixedPoint:
    """Return what adds an output's zero point and limits sums to its type."""
    spec = RequantSpec(output=output.type, roundings=(Rounding.SINGLE_HALF_UP,))
    same = RequantChannels(spec, multiplier=1 << 30, exponent=1, zero_point=output.zero_point)
    return FixedPoint(same, Rounding.SINGLE_HALF_UP)
