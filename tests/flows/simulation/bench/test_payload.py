"""Payload packing against Amaranth's own layout constants, and result files against plain text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from bittrue.flows.simulation.bench.payload import pack, read_hex, unpack, write_hex
from bittrue.golden.errors import UserError

LAYOUT = data.StructLayout(
    {
        "first": signed(5),
        "nested": data.StructLayout({"wide": signed(60), "flag": unsigned(1)}),
        "lanes": data.ArrayLayout(signed(7), 9),
        "last": unsigned(3),
    }
)


def random_values(rng: np.random.Generator) -> dict[str, object]:
    return {
        "first": int(rng.integers(-16, 16)),
        "nested": {"wide": int(rng.integers(-(2**59), 2**59)), "flag": int(rng.integers(0, 2))},
        "lanes": [int(lane) for lane in rng.integers(-64, 64, 9)],
        "last": int(rng.integers(0, 8)),
    }


def columns_of(values: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    columns = {
        "first": [v["first"] for v in values],
        "nested.wide": [v["nested"]["wide"] for v in values],
        "nested.flag": [v["nested"]["flag"] for v in values],
        "last": [v["last"] for v in values],
    }
    columns |= {f"lanes.{lane}": [v["lanes"][lane] for v in values] for lane in range(9)}
    return {name: np.array(column, dtype=np.int64) for name, column in columns.items()}


def test_packing_agrees_with_amaranth_and_is_undone_by_unpacking() -> None:
    rng = np.random.default_rng(3)
    values = [random_values(rng) for _ in range(50)]
    columns = columns_of(values)
    words = pack(LAYOUT, columns)
    for row, value in zip(words, values, strict=True):
        whole = sum(int(word) << (64 * index) for index, word in enumerate(row))
        assert whole == LAYOUT.const(value).as_value().value
    for name, column in unpack(LAYOUT, words).items():
        np.testing.assert_array_equal(column, columns[name])


def test_hex_file_is_what_readmemh_expects(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = [random_values(rng) for _ in range(5)]
    words = pack(LAYOUT, columns_of(values))
    write_hex(tmp_path / "x.hex", LAYOUT, words)
    lines = (tmp_path / "x.hex").read_text().splitlines()
    assert [int(line, 16) for line in lines] == [LAYOUT.const(v).as_value().value for v in values]
    assert {len(line) for line in lines} == {(LAYOUT.size + 3) // 4}
    back, known = read_hex(tmp_path / "x.hex", LAYOUT)
    np.testing.assert_array_equal(back, words)
    assert known.all()


def test_unknown_bits_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "x.hex").write_text("0f\nx1\nzz\na0\n")
    words, known = read_hex(tmp_path / "x.hex", unsigned(8))
    assert known.tolist() == [True, False, False, True]
    assert words[[0, 3], 0].tolist() == [0x0F, 0xA0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"": np.array([3, 8])}, r"beat 1 of field payload is 8; allowed: -8 to 7"),
        ({"x": np.array([1])}, r"stimulus has fields \['x'\]; the payload has \[''\]"),
    ],
)
def test_stimulus_that_does_not_fit_is_refused(
    columns: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        pack(signed(4), columns)
