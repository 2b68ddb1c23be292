"""Ranges and names of integer types."""

import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType


@pytest.mark.parametrize("width", [1, 2, 7, 8, 16, 33, 64])
def test_range_is_twos_complement(width: int) -> None:
    signed, unsigned = IntegerType(width, True), IntegerType(width, False)
    assert (signed.minimum, signed.maximum) == (-(2**width) // 2, 2**width // 2 - 1)
    assert (unsigned.minimum, unsigned.maximum) == (0, 2**width - 1)
    for kind in (signed, unsigned):
        assert kind.minimum in kind
        assert kind.maximum in kind
        assert kind.minimum - 1 not in kind
        assert kind.maximum + 1 not in kind
        assert IntegerType.parse(str(kind)) == kind


def test_names() -> None:
    assert str(IntegerType(8, True)) == "int8"
    assert str(IntegerType(4, False)) == "uint4"


def test_spanning_is_the_narrowest_type() -> None:
    for low in range(-40, 41):
        for high in range(low, 41):
            kind = IntegerType.spanning(low, high)
            assert kind.signed == (low < 0)
            assert low in kind
            assert high in kind
            if kind.width > 1:
                narrower = IntegerType(kind.width - 1, kind.signed)
                assert low not in narrower or high not in narrower


@pytest.mark.parametrize("width", [0, -1, 65])
def test_width_out_of_range(width: int) -> None:
    with pytest.raises(UserError, match=f"width is {width}; allowed: 1 to 64 bits"):
        IntegerType(width, True)


@pytest.mark.parametrize("text", ["", "int", "uint", "8", "int-8", "int8.0", "float32", "int٨"])
def test_unreadable_name(text: str) -> None:
    with pytest.raises(UserError, match="is not an integer type; write it as int8 or uint4"):
        IntegerType.parse(text)
