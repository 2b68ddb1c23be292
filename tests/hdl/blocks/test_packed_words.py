"""Packing against strings of binary digits, and what a circuit reads back from a packed ROM."""

import random
import re
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const, Fragment, Module, Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In
from hypothesis import given, settings
from hypothesis import strategies as st

from bittrue.flows.simulation.bench.payload import pack, unpack
from bittrue.golden.numbers.exact_integers import exact_integers
from bittrue.hdl.blocks.look_up import look_up
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.platform import VerilogPlatform

WIDEST = 512


def digits(value: int, width: int) -> str:
    """Return two's complement as binary digits, without a shift, mask or array."""
    text = format(value if value >= 0 else 2**width + value, "b").rjust(width, "0")
    assert len(text) == width
    return text


def joined(row: list[tuple[int, int]]) -> int:
    """Return the word of (value, width) pairs, the first one lowest."""
    return int("".join(digits(value, width) for value, width in reversed(row)), 2)


def extremes(width: int, rng: random.Random) -> list[int]:
    """Return a small value, a negative one, and one with low and high bits, to straddle 2**63."""
    return [1, -(2 ** (width - 1)), rng.getrandbits(width) | 1 | 1 << (width - 1)]


def boundaries(whole: int) -> list[int]:
    """Return every boundary of short words; of long ones those beside limbs, and one in 32."""
    return [
        boundary
        for boundary in range(whole + 1)
        if whole <= 130 or (boundary + 1) % 64 < 3 or (boundary + whole) % 32 == 0
    ]


@pytest.mark.parametrize("whole", range(1, WIDEST + 1))
def test_two_columns_in_words_of_every_width(whole: int) -> None:
    rng = random.Random(whole)
    for boundary in boundaries(whole):
        widths = [width for width in (boundary, whole - boundary) if width]
        columns = [extremes(width, rng) for width in widths]
        expected = [
            joined(list(zip(row, widths, strict=True))) for row in zip(*columns, strict=True)
        ]
        assert pack_words(list(zip(columns, widths, strict=True))) == expected


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_columns_of_arrays_or_python_integers(draw: st.DataObject) -> None:
    rows = draw.draw(st.integers(1, 4))
    columns = []
    for width in draw.draw(st.lists(st.integers(1, 140), min_size=1, max_size=6)):
        number = st.integers(-(2 ** (width - 1)), 2**width - 1)
        values = draw.draw(st.lists(number, min_size=rows, max_size=rows))
        columns.append((values, width))
    expected = [joined([(values[row], width) for values, width in columns]) for row in range(rows)]
    assert pack_words(columns) == expected
    arrays = [(exact_integers(values), width) for values, width in columns]
    assert pack_words(arrays) == expected


def test_the_list_that_numpy_makes_a_float_stays_exact() -> None:
    """Negative control of the tests above: numpy's own conversion of this list loses bits."""
    straddling = [2**63 + 1, 1]
    assert int(np.array(straddling)[0]) != straddling[0]
    assert pack_words([(straddling, 64)]) == straddling


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.bool_])
def test_every_integer_dtype_is_packed_as_its_values(dtype: Any) -> None:
    ends = [0, 1] if dtype is np.bool_ else [np.iinfo(dtype).min, np.iinfo(dtype).max]
    array = np.array(ends, dtype=dtype)
    expected = [joined([(int(value), 64), (5, 3)]) for value in ends]
    assert pack_words([(array, 64), ([5, 5], 3)]) == expected


@pytest.mark.parametrize(
    ("values", "width"), [([8], 3), ([-5], 3), ([2**64], 64), ([-(2**511) - 1], 512), ([1], 0)]
)
def test_a_value_that_does_not_fit_is_refused(values: list[int], width: int) -> None:
    with pytest.raises(ValueError, match=re.escape(f"does not fit {width} bits")):
        pack_words([(values, width)])


@pytest.mark.parametrize("values", [[1.0], np.array([1.0]), np.array([1.5], dtype=object)])
def test_a_float_is_refused(values: Any) -> None:
    with pytest.raises(TypeError):
        pack_words([(values, 8)])


@pytest.mark.parametrize("offset", [*range(5), 31, 32, 33, *range(60, 67)])
def test_stimulus_fields_of_every_width_are_as_amaranth_lays_them_out(
    offset: int,
) -> None:
    rng = random.Random(offset)
    for width in range(1, 65):
        for signed in (True, False)[: 1 if width == 64 else 2]:  # Columns are of int64.
            shape = Shape(width, signed)
            parts = [min(offset - first, 60) for first in range(0, offset, 60)]
            fields = {f"below_{place}": bits for place, bits in enumerate(parts)}
            fields |= {"value": shape, "above": 3}
            layout = data.StructLayout(fields)
            numbers = [rng.getrandbits(width) | 1 for _ in range(3)] + [2**width - 1, 0]
            values = [Const(number, shape).value for number in numbers]
            columns = {
                name: [rng.getrandbits(Shape.cast(field).width) for _ in values]
                for name, field in fields.items()
            }
            columns["value"] = values
            words = pack(layout, {name: np.array(c) for name, c in columns.items()})
            for row, word in enumerate(words):
                whole = layout.const({name: column[row] for name, column in columns.items()})
                text = "".join(format(int(limb), "064b") for limb in reversed(word))
                assert int(text, 2) == whole.as_value().value
            for name, column in unpack(layout, words).items():
                assert column.tolist() == columns[name]


class LookedUp(wiring.Component):
    """A design that is a table alone."""

    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        self.columns = columns
        super().__init__({"index": In(3)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        look_up(m, Stages(m, platform), "columns", self.index, self.columns)
        return m


@pytest.mark.parametrize("first", range(1, 65))
def test_a_rom_file_holds_all_columns_wherever_they_meet(first: int) -> None:
    rng = random.Random(first)
    for second in sorted({1, 2, 31, 62, 63, 64} | {s - first for s in (63, 64, 65, 96, 127, 128)}):
        if not 1 <= second <= 64:
            continue
        widths = {"a": first, "b": second, "c": 33}
        columns = {name: signed_extremes(width, rng) for name, width in widths.items()}
        expected = [
            joined([(columns[name][row], width) for name, width in widths.items()])
            for row in range(5)
        ]
        platform = VerilogPlatform("rom")
        arrays = {name: np.array(column, dtype=np.int64) for name, column in columns.items()}
        Fragment.get(LookedUp(arrays), platform)
        (content,) = platform.files.values()
        assert [int(line, 16) for line in content.splitlines()] == expected


def signed_extremes(width: int, rng: random.Random) -> list[int]:
    """Return values that need the whole width, one of them odd."""
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    return [low, high, max(high - 2, low), rng.randint(low, high), -1]
