"""The streams between layers."""

from amaranth.hdl import C, Cat, Mux, Value
from amaranth.lib import data, stream

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.shapes import shape_of


def code_stream(kind: IntegerType, lanes: int) -> stream.Signature:
    """Return the signature of a stream of integers, `lanes` of them to a beat.

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    lanes : int
        Elements of a beat, the first one lowest.
    """
    return stream.Signature(data.ArrayLayout(shape_of(kind), lanes))


def check_lanes(lanes: int, channels: int) -> None:
    """Refuse a number of lanes that does not divide the channels.

    Raises
    ------
    UserError
        Naming the next smaller number that does.
    """
    if lanes < 1 or channels % lanes:
        nearest = next(n for n in range(min(max(lanes, 1), channels), 0, -1) if channels % n == 0)
        raise UserError(
            f"lanes is {lanes}; allowed: a divisor of the {channels} channels, such as {nearest}"
        )


def elements_through_beat(beat: Int64, lanes: int) -> Int64:
    """Return how many elements have passed once a beat of that number, from 0, has."""
    return (beat + 1) * lanes


def resized(value: Value, width: int) -> Value:
    """Return the low bits of a value, extended by its sign if it has fewer."""
    sign = value[-1] if value.shape().signed else C(0)
    return Cat(value, sign.replicate(max(width - len(value), 0)))[:width]


def clamped(code: Value, minimum: int, maximum: int) -> Value:
    """Return a code limited to a range of codes, in its own width."""
    width = len(code)
    limited = Mux(code < minimum, C(minimum, width), Mux(code > maximum, C(maximum, width), code))
    return limited[:width]


def decoded(code: Value, encoding: Encoding) -> Value:
    """Return the value that a code stands for."""
    if encoding.bipolar:
        return Mux(code, C(1, 2), C(-1, 2))
    return code - encoding.zero_point if encoding.zero_point else code
