"""Every precision of 1 to 8 bits of either operand for the bit-serial unit, side by side."""

from itertools import product
from typing import Any

import numpy as np
from amaranth.lib import data

from bittrue.flows.simulation.bench.payload import Columns
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.units.bitserial_spec import BitSerialSpec, plane_order
from bittrue.hdl.units.bitserial import BitSerialDotProduct
from cocotb_tests.bench.bank import Bank, scenario, value_of

WIDTHS = range(1, 9)
_TOGETHER = 8
"""Operands `b` that are multiplied with one `a` at a time."""

_MODES = {
    f"signed_{a_signed}{b_signed}_{place}": (a_signed, b_signed, place)
    for a_signed, b_signed, place in product((0, 1), (0, 1), range(_TOGETHER))
}
"""Of each unit: whether its operands are signed, and which `b` it takes."""


def bitserial_modes() -> tuple[Bank, list[Scenario]]:
    """Return units for vectors of one element, and every pair of operands of every precision.

    One unit for each signedness and each of the operands `b` of a beat. With later beats than the
    first of a product comes another mode, which must be ignored.
    """
    units = {name: BitSerialDotProduct(BitSerialSpec(1, 1)) for name in _MODES}

    def feed(name: str, taken: Any, given: data.View) -> list[Any]:
        a_signed, b_signed, place = _MODES[name]
        return [
            taken.a[0].eq(given.a),
            taken.b[0].eq(given.b >> place),
            taken.a_top.eq(given.a_top),
            taken.b_top.eq(given.b_top),
            taken.a_signed.eq(a_signed ^ given.ignored),
            taken.b_signed.eq(b_signed ^ given.ignored),
        ]

    payload = {"a": 1, "b": _TOGETHER, "a_top": 4, "b_top": 4, "ignored": 1}
    return Bank(units, payload, feed), [_every_pair(a_width) for a_width in WIDTHS]


def _every_pair(a_width: int) -> Scenario:
    beats, expected = zip(*(_pairs(a_width, b_width) for b_width in WIDTHS), strict=True)
    return scenario(f"every pair of {a_width} x 1 to 8 bits", _joined(beats), _joined(expected))


def _pairs(a_width: int, b_width: int) -> tuple[Columns, Columns]:
    """Return the beats of all pairs of two widths, and the products."""
    groups = max((1 << b_width) // _TOGETHER, 1)
    a = np.arange(1 << a_width).repeat(groups)
    first = np.tile(np.arange(groups) * _TOGETHER, 1 << a_width)
    b = (first[:, None] + np.arange(_TOGETHER)) % (1 << b_width)

    order = np.array(plane_order(a_width, b_width))
    b_planes = (b[:, None, :] >> order[:, 1, None] & 1) << np.arange(_TOGETHER)
    later = np.ones((len(a), len(order)), dtype=np.int64)
    later[:, 0] = 0
    beats = {
        "a": (a[:, None] >> order[:, 0] & 1).ravel(),
        "b": b_planes.sum(2).ravel(),
        "a_top": np.where(later, MAXIMUM_CODE_WIDTH - a_width, a_width - 1).ravel(),
        "b_top": np.where(later, MAXIMUM_CODE_WIDTH - b_width, b_width - 1).ravel(),
        "ignored": later.ravel(),
    }
    products = {}
    for name, (a_signed, b_signed, place) in _MODES.items():
        left = value_of(a, IntegerType(a_width, bool(a_signed)))
        right = value_of(b[:, place], IntegerType(b_width, bool(b_signed)))
        products[name] = left * right
    return beats, products


def _joined(parts: tuple[Columns, ...]) -> dict[str, Int64]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
