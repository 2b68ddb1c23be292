"""What the shift-add unit is proved to compute: the sum of plain products, mode by mode."""

from itertools import product

from bittrue.flows.formal.equivalence import Claim
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.shiftadd_spec import WIDTHS, products_per_beat
from bittrue.hdl.units.shiftadd import ShiftAddUnit

CASES = (("maximum_width=8", "length=16"),)
"""Parameters proved when none are given. A unit of 16 bits counts the bytes of an operand, and so
is no function of a beat alone; co-simulation covers it."""

_CODES = range(3)
"""Width codes up to 8 bits. The fourth one means the same, as co-simulation shows."""


def claims(component: ShiftAddUnit) -> dict[str, Claim]:
    """Return a claim for every run-time mode: the sum of a frame of one beat."""
    result = {}
    for a_code, b_code, a_signed, b_signed in product(_CODES, _CODES, range(2), range(2)):
        a_width, b_width = WIDTHS[a_code], WIDTHS[b_code]
        terms = [
            f"{_operand('a', k, a_width, a_signed)} * {_operand('b', k, b_width, b_signed)}"
            for k in range(products_per_beat(a_width, b_width))
        ]
        title = " x ".join(
            str(IntegerType(width, bool(signed)))
            for width, signed in ((a_width, a_signed), (b_width, b_signed))
        )
        fixed = {
            "a_width": a_code,
            "b_width": b_code,
            "a_signed": a_signed,
            "b_signed": b_signed,
            "last": 1,
        }
        result[title] = Claim(
            {"": _sum(terms, a_width, b_width)}, fixed, component.spec.sum_type.width + 1
        )
    return result


def _sum(terms: list[str], a_width: int, b_width: int) -> str:
    """Return the sum of products in the order of the circuit's tree, which the solver needs."""
    digits_of_a = {2: 0, 4: 1, 8: 2}[a_width]
    digits_of_b = {2: 0, 4: 1, 8: 2}[b_width]
    used = {*(1, 3)[:digits_of_a], *(0, 2)[:digits_of_b]}
    free = [place for place in (1, 3, 2, 0) if place not in used]
    sums = dict(enumerate(terms))
    for place in sorted(free):
        stride = 1 << free.index(place)
        sums = {k: f"({v} + {sums[k + stride]})" for k, v in sums.items() if not k & stride}
    return sums[0]


def _operand(side: str, index: int, width: int, signed: int) -> str:
    """Return an operand as an expression over the bytes that hold it."""
    byte, bit = divmod(index * width, 8)
    value = f"(({side}_{byte} >>> {bit}) & {(1 << width) - 1})"
    half = 1 << (width - 1)
    return f"(({value} ^ {half}) - {half})" if signed else value
