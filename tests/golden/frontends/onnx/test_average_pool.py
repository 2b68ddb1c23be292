"""Average pooling over borders, against ONNX Runtime."""

from typing import Any

import numpy as np
import pytest

from golden.errors import UserError
from golden.frontends.onnx import convert_onnx
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


def test_sums_that_float32_rounds_are_refused_by_the_runtimes_profile() -> None:
    proto = pooling(np.uint8, 2, False, 0.05, pads=[0, 0, 2, 2])
    scale = next(t for t in proto.graph.initializer if t.name == proto.graph.node[-1].input[1])
    scale.raw_data = np.float32(0.07).tobytes()
    with pytest.raises(UserError, match="whose order decides the code"):
        convert_onnx(proto.SerializeToString())


def test_windows_with_too_many_counts_are_refused() -> None:
    b = QuantizedBuilder(np.uint8, False, 0)
    x = b.input(1, 30, 30)
    y = b.unary("AveragePool", x, (1, 30, 30), kernel_shape=[21, 21], pads=[10] * 4)
    with pytest.raises(UserError, match="needs more than 16 bits"):
        convert_onnx(b.model(y).SerializeToString(), "onnx")
