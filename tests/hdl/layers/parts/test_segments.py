"""Tables of wide codes as lines: exact on every code, and as few as references themselves have."""

import numpy as np
import pytest

from bittrue.golden.frontends.tflite.tables import litert_table
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from bittrue.hdl.layers.parts.segments import segmented

INT16 = IntegerType(16, True)

MOST_BITS = {
    ("EXP", 0.0003, 0.0007): 512 * 34,
    ("LOG", 0.0003, 0.0003): 512 * 40,
    ("GELU", 0.0003, 0.0003): 512 * 34,
    ("RSQRT", 0.0003, 0.001): 512 * 40,
    ("LOGISTIC", 0.0003, 2**-15): 100_000,
    ("LOGISTIC", 2**-12, 2**-15): 90_000,
    ("TANH", 0.0003, 2**-15): 200_000,
    ("SQRT", 0.0003, 0.0003): 65_536 * 15,
}
"""Bits of tables of LiteRT, by function and scales of input and output; of 1,048,576 at most."""


@pytest.mark.parametrize(("function", "scale", "unit"), MOST_BITS)
def test_lines_are_exact_on_every_code(function: str, scale: float, unit: float) -> None:
    values = litert_table(
        function, QuantType.affine(INT16, scale), QuantType.affine(INT16, unit), 0.0
    )
    segments = segmented(values)
    assert np.array_equal(segments.evaluate(), values)
    assert segments.stored_bits <= MOST_BITS[function, scale, unit]


def _line(rise: int) -> Int64:
    return (np.arange(4096) * rise) >> 9


@pytest.mark.parametrize(
    ("values", "bits", "correction_width"),
    [
        (_line(700), 8, 0),
        (_line(-700), 8, 0),
        (np.zeros(2048, np.int64), 8, 0),
        (_line(700) + np.random.default_rng(0).integers(0, 2, 4096), 8, 1),
        (np.random.default_rng(1).integers(-99, 99, 2048), 0, 0),
    ],
)
def test_what_a_table_is_made_of(values: Int64, bits: int, correction_width: int) -> None:
    segments = segmented(values)
    assert np.array_equal(segments.evaluate(), values)
    assert (segments.bits, segments.correction_width) == (bits, correction_width)


def test_a_line_that_is_off_by_one_is_noticed() -> None:
    """Negative control of the comparison above."""
    values = _line(700)
    segments = segmented(values)
    segments.base[3] += 1 << segments.shift
    assert (segments.evaluate() != values).sum() == 256
