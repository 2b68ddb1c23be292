"""Gather by constant indices against ONNX Runtime."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import assert_equal

CASES: dict[str, tuple[Any, int, tuple[int, ...]]] = {
    "channels": ([1, 3, 5], 1, (3, 5, 5)),
    "a row, kept": ([-1], 2, (6, 1, 5)),
    "a column, dropped": (2, 3, (6, 5)),
    "one channel, dropped": (-2, 1, (5, 5)),
    "channels in any order, some twice": ([4, 0, 1, 1, -1], 1, (5, 5, 5)),
    "rows backwards": ([4, 3, 2, 1, 0], 2, (6, 5, 5)),
}


def network(indices: Any, axis: int, shape: tuple[int, ...]) -> onnx.ModelProto:
    """Return one that takes elements of an image that a convolution has made."""
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.convolution(b.input(3, 7, 7), 6)
    place = b.builder.constant(np.array(indices, np.int64))
    y = b.builder.operator("Gather", b.real(x), place, axis=axis)
    return b.model(b.quantized(y, shape, x.scale, x.zero_point))


@pytest.mark.parametrize("case", CASES)
def test_equals_onnxruntime(case: str) -> None:
    assert_equal(network(*CASES[case]), samples=4)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([6], "allowed: elements of 6"),
        ([[0]], "its indices are no list of integers"),
    ],
)
def test_refused(indices: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        convert_onnx(network(indices, 1, (1, 5, 5)).SerializeToString())
