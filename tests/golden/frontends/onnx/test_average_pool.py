"""Average pooling over borders, against ONNX Runtime."""

from typing import Any

import numpy as np
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import assert_equal, run_graph, run_runtime

SHAPE = (3, 9, 8)
OPTIONS: dict[str, dict[str, Any]] = {
    "padded": {"pads": [1, 1, 1, 1]},
    "padded on one side": {"pads": [0, 0, 2, 1]},
    "padding that counts": {"pads": [1, 0, 1, 2], "count_include_pad": 1},
    "ceiling": {"strides": [2, 2], "ceil_mode": 1},
    "ceiling and padding": {"strides": [2, 3], "pads": [1, 1, 1, 0], "ceil_mode": 1},
    "ceiling and padding that counts": {
        "strides": [2, 2], "pads": [1, 1, 0, 0], "ceil_mode": 1, "count_include_pad": 1,
    },
    "SAME_UPPER": {"auto_pad": "SAME_UPPER", "strides": [2, 1]},
    "SAME_LOWER": {"auto_pad": "SAME_LOWER"},
}  # fmt: skip


def pooling(dtype: Any, seed: int, qoperator: bool, scale: float, **options: Any) -> Any:
    b = QuantizedBuilder(dtype, qoperator, seed)
    x = Tensor("x", np.float32(scale), b.input(*SHAPE).zero_point, SHAPE)
    y = b.unary("AveragePool", x, SHAPE, kernel_shape=[3, 3], integer=True, **options)
    return b.model(y)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("qoperator", [False, True])
@pytest.mark.parametrize("title", OPTIONS)
def test_equals_onnxruntime_where_its_sums_are_exact(
    title: str, dtype: Any, qoperator: bool
) -> None:
    for seed in range(3):
        proto = pooling(dtype, seed, qoperator, 0.0625, **OPTIONS[title])
        assert_equal(proto, samples=6, seed=seed)


@pytest.mark.parametrize("title", OPTIONS)
def test_exact_average(title: str) -> None:
    """Of any scale; float32 comes to another code beside a tie alone, which is rare."""
    proto = pooling(np.uint8, 5, False, 0.0317, **OPTIONS[title])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    codes = {"x": np.random.default_rng(0).integers(0, 256, (20, *SHAPE))}
    (output,) = graph.outputs
    expected = run_runtime(proto, graph, codes, [output], optimized=False)[output]
    results = run_graph(graph, codes)[output]
    assert np.abs(results - expected.astype(int)).max() <= 1
    assert (results != expected).mean() < 0.002


def with_scales(dtype: Any, source: float, zero: int, made: float, made_zero: int) -> Any:
    """Return a pooling over borders with these scales and zero points."""
    b = QuantizedBuilder(dtype, False, 0)
    x = Tensor("x", np.float32(source), zero, b.input(2, 6, 6).shape)
    options: dict[str, Any] = {"kernel_shape": [3, 3], "pads": [0, 0, 2, 2]}
    real = b.builder.operator("AveragePool", b.real(x), **options)
    return b.model(b.quantized(real, (2, 6, 6), np.float32(made), made_zero))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_sums_that_float32_rounds_are_those_of_the_runtime(dtype: Any) -> None:
    """Ties of the first scales are near; codes of the others repeat, with sums around theirs."""
    taken = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        low = np.iinfo(dtype).min
        scales = (0.05, 0.35) if seed == 0 else rng.uniform(0.01, 0.1, 2)
        zeros = rng.integers(low, low + 256, 2)
        proto = with_scales(dtype, scales[0], int(zeros[0]), scales[1], int(zeros[1]))
        try:
            assert_equal(proto, samples=150, seed=seed)
            taken += 1
        except UserError as error:
            assert "whose order decides the code" in str(error)  # noqa: PT017
    assert taken >= 3


def test_what_depends_on_the_order_is_refused_by_the_runtimes_profile() -> None:
    """Two windows of four numbers have the same sum in ONNX Runtime, and other codes."""
    proto = with_scales(np.uint8, 0.05, 9, 0.07, 120)
    with pytest.raises(UserError, match="4 numbers in float32, whose order decides the code"):
        convert_onnx(proto.SerializeToString(), "onnxruntime")
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    codes = np.zeros((2, 2, 6, 6), dtype=np.int64)
    corners = [[211, 135, 182, 26], [139, 139, 138, 138]]
    assert [sum(corner) - 4 * 9 for corner in corners] == [518, 518]
    codes[:, :, 4:, 4:] = np.reshape(corners, (2, 1, 2, 2))
    (output,) = graph.outputs
    expected = run_runtime(proto, graph, {"x": codes}, [output])[output][:, 0, 4, 4]
    assert expected.tolist() == [213, 212]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("qoperator", [False, True])
def test_window_of_the_whole_image_is_a_global_average(dtype: Any, qoperator: bool) -> None:
    """ONNX Runtime has another kernel, which adds integers."""
    for seed in range(8):
        b = QuantizedBuilder(dtype, qoperator, seed)
        y = b.unary("AveragePool", b.input(3, 5, 4), (3, 1, 1), kernel_shape=[5, 4], integer=True)
        assert_equal(b.model(y), samples=100, seed=seed)


def test_windows_with_too_many_counts_are_refused() -> None:
    b = QuantizedBuilder(np.uint8, False, 0)
    x = b.input(1, 30, 30)
    y = b.unary("AveragePool", x, (1, 30, 30), kernel_shape=[21, 21], pads=[10] * 4)
    with pytest.raises(UserError, match="needs more than 16 bits"):
        convert_onnx(b.model(y).SerializeToString(), "onnx")
