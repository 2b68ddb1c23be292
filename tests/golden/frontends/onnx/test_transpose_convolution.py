"""ConvTranspose against ONNX Runtime, which adds in float32: exactly where scales are round."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "stride": {"strides": [2, 3]},
    "pads": {"strides": [2, 2], "pads": [1, 0, 1, 2]},
    "output padding": {"strides": [3, 2], "pads": [1, 1, 1, 1], "output_padding": [2, 1]},
    "dilation": {"strides": [2, 1], "dilations": [2, 3]},
    "groups": {"strides": [2, 2], "group": 2},
    "window smaller than stride": {"strides": [4, 5]},
    "more pads than the window": {"strides": [2, 2], "pads": [3, 0, 0, 4]},
}


def network(seed: int, **attributes: Any) -> onnx.ModelProto:
    """Return one with scales that are powers of two, so that no sum of float32 is rounded."""
    b = QuantizedBuilder(np.uint8, False, seed)
    given = b.input(6, 4, 5)
    x = Tensor("x", np.float32(2.0**-4), given.zero_point, given.shape)
    group = attributes.get("group", 1)
    scale = np.float32(2.0) ** b.random.integers(-9, -5, 4 // group).astype(np.float32)
    names = (b.builder.constant(scale), b.builder.constant(np.zeros(4 // group, np.int8)))
    codes = b.builder.constant(b.codes(6, 4 // group, 3, 3, dtype=np.int8))
    weight = b.builder.operator("DequantizeLinear", codes, *names, axis=1)
    bias = b.builder.constant((b.random.integers(-64, 64, 4) / 16).astype(np.float32))
    y = b.builder.operator("ConvTranspose", b.real(x), weight, bias, **attributes)
    return b.model(b.quantized(y, (), np.float32(0.25), given.zero_point))


@pytest.mark.parametrize("case", CASES)
def test_equals_onnxruntime(case: str) -> None:
    proto = network(3, **CASES[case])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    inputs, (output,) = inputs_of(proto, graph, 4), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output], optimized=False, int8=False)[output]
    assert len(np.unique(expected)) > 50
    assert np.array_equal(run_graph(graph, inputs)[output], expected)


def test_the_runtimes_own_profile_refuses_it() -> None:
    with pytest.raises(UserError, match="it computes transposed convolutions in float32; import"):
        convert_onnx(network(0).SerializeToString(), "onnxruntime")


def test_pads_of_schemes_are_to_be_written() -> None:
    with pytest.raises(UserError, match="its auto_pad is 'SAME_UPPER'; allowed: NOTSET, VALID"):
        convert_onnx(network(0, auto_pad="SAME_UPPER").SerializeToString(), "onnx")
