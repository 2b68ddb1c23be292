"""Softmax and LogSoftmax against ONNX Runtime: a code beside at most, and seldom."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.frontends.onnx.no_integer_kernel import FloatingPointWarning
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime

SHAPES = [((10,), -1), ((5, 7), 2), ((4, 5, 6), 1), ((3, 4, 5), -1)]


def network(kind: str, dtype: Any, shape: tuple[int, ...], axis: int) -> onnx.ModelProto:
    b = QuantizedBuilder(dtype, False, 1)
    x = b.input(*shape)
    y = b.builder.operator(kind, b.real(x), axis=axis)
    logarithm = kind == "LogSoftmax"
    scale, zero = (0.05, b.highest) if logarithm else (1 / 256, b.lowest)
    return b.model(b.quantized(y, x.shape, np.float32(scale), zero))


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_near_onnxruntime(kind: str, dtype: Any, shape: tuple[int, ...], axis: int) -> None:
    proto = network(kind, dtype, shape, axis)
    with pytest.warns(FloatingPointWarning, match=f"{kind}.* is at most a code beside"):
        graph = convert_onnx(proto.SerializeToString())
    inputs, (output,) = inputs_of(proto, graph, 40), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output], optimized=False, int8=False)[output]
    result = run_graph(graph, inputs)[output]
    distance = np.abs(result.astype(int) - expected)
    assert distance.max() <= 1
    assert (distance > 0).mean() < 0.005
    assert len(np.unique(expected)) > 90
    # Negative control: over the samples in another order it is none of that.
    assert np.abs(result[::-1].astype(int) - expected).max() > 10


def test_the_runtimes_own_profile_refuses_it() -> None:
    proto = network("Softmax", np.int8, (10,), -1)
    with pytest.raises(UserError, match="it divides real numbers, which no integers reproduce"):
        convert_onnx(proto.SerializeToString(), "onnxruntime")


def test_the_integer_operator() -> None:
    b = QuantizedBuilder(np.uint8, True, 1)
    x = b.input(12)
    constant = b.builder.constant
    inputs = [x.name, constant(x.scale), constant(np.uint8(x.zero_point))]
    outputs = [constant(np.float32(1 / 256)), constant(np.uint8(0))]
    y = b.builder.operator(
        "QLinearSoftmax", *inputs, *outputs, domain="com.microsoft", axis=-1, opset=13
    )
    b.builder.domains = (("", 17), ("com.microsoft", 1))
    proto = b.builder.model(b.inputs, [y])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    given = inputs_of(proto, graph, 60)
    expected = run_runtime(proto, graph, given, [y])[y].astype(int)
    distance = np.abs(run_graph(graph, given)[y] - expected)
    assert distance.max() <= 1
    assert (distance > 0).mean() < 0.01


def test_several_dimensions_of_old_operator_sets_are_refused() -> None:
    b = QuantizedBuilder(np.int8, False, 1)
    b.builder.domains = (("", 12),)
    x = b.input(4, 5)
    y = b.builder.operator("Softmax", b.real(x), axis=1)
    with pytest.raises(UserError, match="as before operator set 13"):
        convert_onnx(b.model(b.quantized(y, x.shape)).SerializeToString(), "onnx")
