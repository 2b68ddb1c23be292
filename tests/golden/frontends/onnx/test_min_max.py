"""Max and Min of tensors, and ReduceMax, against ONNX Runtime."""

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import assert_equal


def compared(kind: str, count: int) -> onnx.ModelProto:
    """Return one that compares convolutions, of scales of their own."""
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.input(3, 4, 5)
    reals = [b.real(b.convolution(x, 4, size=1)) for _ in range(count)]
    return b.model(b.quantized(b.builder.operator(kind, *reals), (4, 4, 5), 0.05, 120))


@pytest.mark.parametrize("kind", ["Max", "Min"])
@pytest.mark.parametrize("count", [2, 3])
def test_tensors(kind: str, count: int) -> None:
    assert_equal(compared(kind, count), samples=4)


def test_channels_beside_an_image() -> None:
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.input(3, 4, 5)
    y = b.unary("GlobalAveragePool", x, (3, 1, 1), integer=True)
    z = b.builder.operator("Max", b.real(x), b.real(y))
    assert_equal(b.model(b.quantized(z, (3, 4, 5), 0.03, 100)), samples=4)


@pytest.mark.parametrize("axes", [(1,), (2, 3), (1, -1), (3,), (1, 2, 3)])
@pytest.mark.parametrize("keep", [0, 1])
def test_largest(axes: tuple[int, ...], keep: int) -> None:
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.convolution(b.input(3, 4, 5), 4, size=1)
    y = b.builder.operator("ReduceMax", b.real(x), axes=axes, keepdims=keep)
    assert_equal(b.model(b.quantized(y, (), x.scale, x.zero_point)), samples=4)


def test_the_batch_is_no_dimension() -> None:
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.input(3, 4, 5)
    y = b.builder.operator("ReduceMax", b.real(x), axes=(0, 1))
    proto = b.model(b.quantized(y, (), x.scale, x.zero_point))
    with pytest.raises(UserError, match="allowed: dimensions but the batch"):
        convert_onnx(proto.SerializeToString())
