"""Networks that quantize only what convolutions and matrices read, as TensorRT's and ModelOpt's."""

import warnings
from collections.abc import Callable

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.frontends.onnx.inserted import InsertedQuantizerWarning
from bittrue.golden.graph import Graph
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime

Middle = Callable[["Style", str], str]


class Style(QuantizedBuilder):
    """Signed symmetric codes before layers, weights per channel, biases in real numbers.

    Scales are powers of two and sums have fewer than 16 bits, so that no number is rounded but by
    the file's own quantizers, here and in float32.
    """

    def coded_real(self, x: str, scale: float = 2.0**-4) -> str:
        """Quantize real numbers and dequantize them."""
        parameters = self.parameters(np.float32(scale), 0)
        codes = self.builder.operator("QuantizeLinear", x, *parameters)
        return self.builder.operator("DequantizeLinear", codes, *parameters)

    def layer(self, x: str, outputs: int = 4, inputs: int = 4, bias: bool = True) -> str:
        codes = self.random.integers(-3, 4, (outputs, inputs, 1, 1)).astype(np.int8)
        scale = np.float32(2.0) ** self.random.integers(-3, -1, outputs).astype(np.float32)
        rest = []
        if bias:
            numbers = (self.random.integers(-8, 8, outputs) / 16).astype(np.float32)
            rest = [self.builder.constant(numbers)]
        weight = self.real_constant(codes, scale)
        return self.builder.operator("Conv", self.coded_real(x), weight, *rest)


def network(middle: Middle, seed: int = 4) -> onnx.ModelProto:
    b = Style(np.int8, False, seed)
    shape = (3, 4, 6)
    x = b.input(*shape)
    first = b.layer(b.builder.operator("DequantizeLinear", x.name, *b.parameters(2.0**-4, 0)), 4, 3)
    last = b.layer(middle(b, first), 5)
    return b.model(b.quantized(last, (5, 4, 6), np.float32(0.25), 3))


def _residual(b: Style, x: str) -> str:
    return b.builder.operator("Relu", b.builder.operator("Add", x, b.layer(x)))


def _chain(b: Style, x: str) -> str:
    return _residual(b, _residual(b, x))


def _pooled(b: Style, x: str) -> str:
    pooled = b.builder.operator("AveragePool", x, kernel_shape=(1, 2), strides=(1, 2))
    return b.builder.operator("Concat", pooled, pooled, axis=3)


def _shuffled(b: Style, x: str) -> str:
    joined = b.builder.operator("Concat", x, b.layer(x), axis=1)
    sizes = [(1, 2, 4, 4, 6), (1, 8, 4, 6)]
    shapes = [b.builder.constant(np.array(size, np.int64)) for size in sizes]
    parts = b.builder.operator("Reshape", joined, shapes[0])
    turned = b.builder.operator("Transpose", parts, perm=(0, 2, 1, 3, 4))
    whole = b.builder.operator("Reshape", turned, shapes[1])
    return b.builder.operators("Split", 2, whole, axis=1)[0]


def _normalized(b: Style, x: str) -> str:
    """As DenseNet: what is normalized is joined of what layers made."""
    joined = b.builder.operator("Add", b.layer(x), x)
    scale = np.array([0.5, 1, 2, 1], np.float32).reshape(4, 1, 1)
    product = b.builder.operator("Mul", joined, b.builder.constant(scale))
    return b.builder.operator("Relu", product)


@pytest.mark.parametrize("middle", [_residual, _chain, _pooled, _shuffled, _normalized])
def test_equals_onnxruntimes_float_operators(middle: Middle) -> None:
    proto = network(middle)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        graph = convert_onnx(proto.SerializeToString())
    kinds = [note.category for note in notes]
    assert InsertedQuantizerWarning in kinds
    _assert_equal(proto, graph)


def _assert_equal(proto: onnx.ModelProto, graph: Graph) -> None:
    inputs, (output,) = inputs_of(proto, graph, 12), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output], optimized=False)[output]
    assert len(np.unique(expected)) > 10
    assert np.array_equal(run_graph(graph, inputs)[output], expected)


def test_an_output_of_several_scales_gets_codes() -> None:
    b = Style(np.int8, False, 4)
    x = b.input(3, 4, 6)
    y = b.layer(b.builder.operator("DequantizeLinear", x.name, *b.parameters(2.0**-4, 0)), 4, 3)
    proto = b.builder.model(b.inputs, [y])
    with pytest.warns(InsertedQuantizerWarning, match="codes of 16 bits"):
        graph = convert_onnx(proto.SerializeToString(), "onnx")
    inputs, (output,) = inputs_of(proto, graph, 12), graph.outputs
    expected = run_runtime(proto, graph, inputs, [y], optimized=False)[y]
    scale = float(graph.quantization[output].scale)
    assert np.array_equal(run_graph(graph, inputs)[output] * scale, expected)
    assert graph.tensors[output].type.width == 16


def test_what_has_quantizers_gets_no_others() -> None:
    """Negative control: no note where a quantizer follows every layer."""
    proto = network(lambda b, x: b.builder.operator("Relu", x))
    with warnings.catch_warnings():
        warnings.simplefilter("error", InsertedQuantizerWarning)
        graph = convert_onnx(proto.SerializeToString(), "onnx")
    _assert_equal(proto, graph)


def test_the_runtimes_own_profile_refuses_it() -> None:
    with pytest.raises(UserError, match="which no quantizer has made codes of, in float32"):
        convert_onnx(network(_residual).SerializeToString(), "onnxruntime")
