"""Leaky rectifiers between a layer and its quantizer, against ONNX Runtime's float operators."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime

Rectify = Callable[[QuantizedBuilder, str], str]


def network(rectify: Rectify, zero_point: int) -> onnx.ModelProto:
    """Return one with scales that are powers of two, so that no sum of float32 is rounded."""
    b = QuantizedBuilder(np.uint8, False, 3)
    given = b.input(3, 6, 6)
    x = Tensor(given.name, np.float32(2.0**-5), 100, given.shape)
    scale = np.float32(2.0) ** b.random.integers(-8, -5, 4).astype(np.float32)
    weight = b.real_constant(b.codes(4, 3, 3, 3, dtype=np.int8), scale)
    bias = b.builder.constant((b.random.integers(-64, 64, 4) / 16).astype(np.float32))
    y = rectify(b, b.builder.operator("Conv", b.real(x), weight, bias))
    return b.model(b.quantized(y, (4, 4, 4), np.float32(0.25), zero_point))


def _leaky(b: QuantizedBuilder, x: str) -> str:
    return b.builder.operator("LeakyRelu", x, alpha=0.125)


def _by_channel(b: QuantizedBuilder, x: str) -> str:
    slopes = np.array([0.25, 0.5, 0.125, 2], np.float32).reshape(4, 1, 1)
    return b.builder.operator("PRelu", x, b.builder.constant(slopes))


@pytest.mark.parametrize("rectify", [_leaky, _by_channel])
@pytest.mark.parametrize("zero_point", [0, 60, 255])
def test_equals_onnxruntime(rectify: Rectify, zero_point: int) -> None:
    proto = network(rectify, zero_point)
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    inputs, (output,) = inputs_of(proto, graph, 12), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output], optimized=False, int8=False)[output]
    assert len(np.unique(expected)) > 10
    assert np.array_equal(run_graph(graph, inputs)[output], expected)
    # Without the slope below zero it is another network.
    plain = convert_onnx(
        network(lambda b, x: b.builder.operator("Relu", x), zero_point).SerializeToString(), "onnx"
    )
    same = np.array_equal(run_graph(plain, inputs)[plain.outputs[0]], expected)
    assert same == (zero_point == 0)


def test_the_runtimes_own_profile_refuses_it() -> None:
    with pytest.raises(UserError, match="it computes a leaky rectifier behind a layer in float32"):
        convert_onnx(network(_leaky, 60).SerializeToString(), "onnxruntime")


def test_a_slope_that_descends_is_refused() -> None:
    proto = network(lambda b, x: b.builder.operator("LeakyRelu", x, alpha=-0.5), 60)
    with pytest.raises(UserError, match="its slope is not positive"):
        convert_onnx(proto.SerializeToString(), "onnx")
