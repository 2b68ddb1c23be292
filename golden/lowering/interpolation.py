"""Interpolation between pixels, from where each one of the result lies."""

from collections.abc import Sequence
from fractions import Fraction

from bittrue.golden.graph.resize_bilinear import MAXIMUM_FRACTION_BITS, Interpolation


def fraction_bits(places: Sequence[Fraction]) -> int | None:
    """Return the bits behind the point that places have; None where they are too many."""
    divisor = max((place.denominator for place in places), default=1)
    bits = divisor.bit_length() - 1
    exact = all(divisor % place.denominator == 0 for place in places) and divisor == 1 << bits
    return bits if exact and bits <= MAXIMUM_FRACTION_BITS else None


def interpolation(places: Sequence[Fraction], length: int, bits: int) -> Interpolation:
    """Return between which rows or columns those of the result lie.

    Parameters
    ----------
    places : sequence of Fraction
        Where each lies between the rows or columns of the input; what is outside is at the border.
    length : int
        Rows or columns of the input.
    bits : int
        Behind the point; places with more are rounded to the nearest.
    """
    one = 1 << bits
    steps = [round(min(max(place, Fraction(0)), Fraction(length - 1)) * one) for place in places]
    return Interpolation(tuple(step // one for step in steps), tuple(step % one for step in steps))


def half_pixel(made: int, scale: Fraction) -> list[Fraction]:
    """Return places where the middles of pixels lie on each other, `scale` times as many."""
    return [(Fraction(2 * place + 1, 2)) / scale - Fraction(1, 2) for place in range(made)]


def align_corners(made: int, length: int) -> list[Fraction]:
    """Return places where the first and the last pixels of both lie on each other."""
    if made == 1:
        return [Fraction(0)]
    return [Fraction(place * (length - 1), made - 1) for place in range(made)]


def from_corner(made: int, scale: Fraction) -> list[Fraction]:
    """Return places where the first corners of both lie on each other."""
    return [place / scale for place in range(made)]
