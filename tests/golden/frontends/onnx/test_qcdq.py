"""QuantizeLinear, Clip, DequantizeLinear: types that ONNX has not, as Brevitas exports them."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph import Graph
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime


def network(low: int = 0, high: int = 15) -> tuple[onnx.ModelProto, str]:
    """Return weights of four bits and activations between limits; scales are powers of two."""
    b = QuantizedBuilder(np.int8, False, 4)
    given = b.input(3, 5, 5)
    x = Tensor(given.name, np.float32(2.0**-5), 0, given.shape)
    numbers = b.builder.constant(b.random.uniform(-1, 1, (4, 3, 3, 3)).astype(np.float32))
    scale, zero = b.parameters(np.float32(0.125), 0)
    weight = _clipped(b, b.builder.operator("QuantizeLinear", numbers, scale, zero), -7, 7, np.int8)
    weight = b.builder.operator("DequantizeLinear", weight, scale, zero)
    y = b.builder.operator("Relu", b.builder.operator("Conv", b.real(x), weight))
    scale, zero = b.parameters(np.float32(2.0**-4), 0, np.uint8)
    codes = b.builder.operator("QuantizeLinear", y, scale, zero)
    clipped = _clipped(b, codes, low, high, np.uint8)
    z = b.builder.operator("DequantizeLinear", clipped, scale, zero)
    z = b.builder.operator("Conv", z, b.real_constant(b.codes(2, 4, 1, 1), np.float32(2.0**-6)))
    return b.model(b.quantized(z, (2, 3, 3), np.float32(0.5), 3)), clipped


def _clipped(b: QuantizedBuilder, codes: str, low: int, high: int, dtype: Any) -> str:
    limits = (b.builder.constant(np.array(value, dtype)) for value in (low, high))
    return b.builder.operator("Clip", codes, *limits)


def imported(proto: onnx.ModelProto, profile: str) -> Graph:
    return convert_onnx(proto.SerializeToString(), profile)


@pytest.mark.parametrize("limits", [(0, 15), (2, 9)])
def test_it_equals_onnxruntime_in_its_own_width(limits: tuple[int, int]) -> None:
    proto, clipped = network(*limits)
    graph = imported(proto, "onnx")
    assert [str(node.weight_type) for node in graph.nodes if hasattr(node, "weight_type")] == [
        "int4",
        "int8",
    ]
    assert str(graph.tensors[clipped].type) == "uint4"
    assert (graph.tensors[clipped].minimum, graph.tensors[clipped].maximum) == limits
    inputs, names = inputs_of(proto, graph, 6), [clipped, *graph.outputs]
    expected = run_runtime(proto, graph, inputs, names, optimized=False, int8=False)
    results = run_graph(graph, inputs)
    assert (expected[clipped].min(), expected[clipped].max()) == limits
    for name in names:
        assert np.array_equal(results[name], expected[name]), name
    # Other limits are another network.
    other = run_graph(imported(network(0, 7)[0], "onnx"), inputs)
    assert not np.array_equal(other[names[1]], expected[names[1]])


def test_integer_kernels_make_bytes_that_are_clipped() -> None:
    """An integer product, then a clamp of its codes."""
    b = QuantizedBuilder(np.uint8, True, 2)
    y = b.convolution(b.input(3, 5, 5), 4)
    clipped = _clipped(b, y.name, 3, 120, np.uint8)
    proto = b.model(Tensor(clipped, y.scale, y.zero_point, y.shape))
    graph = imported(proto, "onnxruntime")
    inputs = inputs_of(proto, graph, 6)
    expected = run_runtime(proto, graph, inputs, [clipped])[clipped]
    assert (expected.min(), expected.max()) == (3, 120)
    assert np.array_equal(run_graph(graph, inputs)[clipped], expected)


def test_limits_beyond_the_codes_are_refused() -> None:
    b = QuantizedBuilder(np.uint8, True, 2)
    x = b.input(4)
    limits = (b.builder.constant(np.array(value, np.int32)) for value in (300, 400))
    proto = b.model(Tensor(b.builder.operator("Clip", x.name, *limits), x.scale, 0, x.shape))
    with pytest.raises(
        UserError, match=r"it limits uint8 to 300.0 to 400.0, where it has no codes"
    ):
        convert_onnx(proto.SerializeToString())
