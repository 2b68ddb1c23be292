"""Accumulator widths against exact bounds, and packed products against their enumeration."""

from itertools import product as every

import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MacSpec, Multiplier, accumulator_for
from bittrue.golden.units.packing import PORTS, Packing, find_packing

INT8, UINT8 = IntegerType(8, True), IntegerType(8, False)
INT4, UINT4 = IntegerType(4, True), IntegerType(4, False)
INT2 = IntegerType(2, True)
PACKED = (Multiplier.PACKED_DSP48E1, Multiplier.PACKED_MULT18X18D)


def test_accumulator_widths_known_by_hand() -> None:
    # (-128)**2 = 2**14 once needs 16 bits with sign; 2**16 uint8 squares stay below 2**32.
    assert accumulator_for(INT8, INT8, 1) == IntegerType(16, True)
    assert accumulator_for(INT8, INT8, 1 << 16) == IntegerType(32, True)
    assert accumulator_for(UINT8, UINT8, 1 << 16) == IntegerType(32, False)
    assert accumulator_for(UINT8, INT8, 4) == IntegerType(18, True)


@pytest.mark.parametrize("widths", list(every(range(2, 17, 3), range(2, 17, 3))))
@pytest.mark.parametrize("signs", list(every((True, False), repeat=2)))
@pytest.mark.parametrize("length", [1, 3, 64, 1000])
def test_accumulator_is_the_narrowest(
    widths: tuple[int, int], signs: tuple[bool, bool], length: int
) -> None:
    a, b = (IntegerType(w, s) for w, s in zip(widths, signs, strict=True))
    kind = accumulator_for(a, b, length)
    sums = [length * x * y for x in (a.minimum, a.maximum) for y in (b.minimum, b.maximum)]
    assert all(total in kind for total in sums)
    narrower = IntegerType(kind.width - 1, kind.signed)
    assert not all(total in narrower for total in sums)


def test_an_accumulator_too_narrow_is_refused() -> None:
    with pytest.raises(UserError, match="accumulator is int16; allowed: int17 or what"):
        MacSpec(length=2, accumulator=IntegerType(16, True))
    assert MacSpec(length=2, accumulator=IntegerType(20, True)).sum_type.width == 20


def test_as_many_products_as_the_multipliers_are_known_to_hold() -> None:
    dsp48e1, mult18 = PACKED
    assert find_packing(dsp48e1, INT8, INT8, 1, 2, 1).products == 2
    assert find_packing(dsp48e1, UINT8, INT8, 1, 2, 1).products == 2
    assert find_packing(dsp48e1, UINT8, UINT8, 1, 2, 1).products == 2
    for a, b in every((INT4, UINT4), repeat=2):
        assert find_packing(dsp48e1, a, b, 2, 2, 1).products == 4
    assert find_packing(dsp48e1, INT4, INT4, 1, 4, 1).products == 4
    assert find_packing(mult18, INT4, INT4, 2, 2, 1).products == 4
    assert find_packing(mult18, INT8, INT8, 4, 4, 1).products == 1


@pytest.mark.parametrize("multiplier", PACKED)
@pytest.mark.parametrize("types", list(every((INT2, INT4, UINT4), repeat=2)))
@pytest.mark.parametrize("shape", [(1, 4, 1), (2, 2, 1)])
def test_packed_products_by_enumeration(
    multiplier: Multiplier, types: tuple[IntegerType, IntegerType], shape: tuple[int, int, int]
) -> None:
    """Every operand of extremes, zero and ones: operands fit the ports, fields are the products."""
    packing = find_packing(multiplier, *types, *shape)
    for a in every(_telling_values(packing.a), repeat=packing.a_count):
        for b in every(_telling_values(packing.b), repeat=packing.b_count):
            assert _products(packing, multiplier, a, b) == [y * x for y in b for x in a]


def _telling_values(kind: IntegerType) -> tuple[int, ...]:
    return tuple(sorted({kind.minimum, kind.maximum, 0, 1}))


def _products(
    packing: Packing, multiplier: Multiplier, a: tuple[int, ...], b: tuple[int, ...]
) -> list[int]:
    """Compute by unbounded integers what a multiplier of these ports would."""
    wide_a = sum(x << (packing.stride * i) for i, x in enumerate(a))
    wide_b = sum(y << (packing.stride * packing.a_count * j) for j, y in enumerate(b))
    wide_b += packing.offset
    widest = sorted(PORTS[multiplier].widths)
    needed = sorted((_signed_bits(wide_a), _signed_bits(wide_b)))
    unsigned_top = PORTS[multiplier].unsigned
    assert all(n <= w + unsigned_top for n, w in zip(needed, widest, strict=True))
    wide = wide_a * wide_b - wide_a * packing.offset + packing.wide_bias
    mask = (1 << packing.stride) - 1
    return [
        (wide >> (packing.stride * field) & mask) - packing.bias
        for field in range(packing.products)
    ]


def _signed_bits(value: int) -> int:
    return max(value, ~value).bit_length() + 1
