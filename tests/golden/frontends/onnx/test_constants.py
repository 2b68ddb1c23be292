"""Constants wherever a model may have them, against ONNX Runtime."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import assert_equal, run_graph
from tests.support.qonnx_networks import QonnxBuilder, codes_of, differences, with_shape

SHAPE = (3, 6, 5)


class NodeConstants(QuantizedBuilder):
    """Constants are operators `Constant`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        builder = self.builder

        def constant(values: Any, stem: str = "constant") -> str:
            return builder.operator("Constant", value=numpy_helper.from_array(np.asarray(values)))

        builder.constant = constant  # type: ignore[method-assign]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("qoperator", [False, True])
def test_constant_operators(dtype: Any, qoperator: bool) -> None:
    b = NodeConstants(dtype, qoperator, 3)
    x = b.convolution(b.input(*SHAPE), 4)
    x = b.binary("Add", x, b.coded_constant(4, 1, 1))
    pooled = b.unary("GlobalAveragePool", x, (4, 1, 1), integer=True)
    proto = b.model(b.product(b.flattened(pooled), 5, gemm=True, bias="int"))
    assert not proto.graph.initializer
    assert_equal(proto, samples=5)


def _scalars(b: QuantizedBuilder) -> Tensor:
    """Scale and zero point by attributes other than a tensor."""
    scale = b.builder.operator("Constant", value_float=0.25)
    factor = b.builder.operator("Constant", value_floats=[2.0])
    half = b.builder.operator("Squeeze", b.builder.operator("Div", scale, factor))
    zero = b.builder.constant(np.asarray(3, b.dtype))
    y = b.builder.operator("DequantizeLinear", b.input(*SHAPE).name, half, zero)
    return b.quantized(b.builder.operator("Relu", y), SHAPE, scale=0.3)


def _real_weight(b: QuantizedBuilder, scale: Any, axis: int = 0) -> str:
    """Return a weight in real numbers, quantized and dequantized by the model."""
    real = b.builder.constant(b.random.normal(size=(4, 3, 3, 3)).astype(np.float32))
    zeros = np.zeros(np.shape(scale), np.int8)
    constants = [b.builder.constant(v) for v in (np.asarray(scale, np.float32), zeros)]
    codes = b.builder.operator("QuantizeLinear", real, *constants, axis=axis)
    return b.builder.operator("DequantizeLinear", codes, *constants, axis=axis)


def _fake_quantized(scale: Any) -> Callable[[QuantizedBuilder], Tensor]:
    def build(b: QuantizedBuilder) -> Tensor:
        x = b.input(*SHAPE)
        y = b.builder.operator("Conv", b.real(x), _real_weight(b, scale))
        return b.quantized(y, (4, 4, 3), scale=0.2)

    return build


def _computed_weight(b: QuantizedBuilder) -> Tensor:
    """A matrix that constants make: a transpose, a slice, a product, a clip, a cast."""
    constant, operator = b.builder.constant, b.builder.operator
    whole = constant(b.random.integers(-50, 50, (5, 9)).astype(np.int32))
    turned = operator("Transpose", whole, perm=[1, 0])
    part = operator("Slice", turned, constant(np.array([1])), constant(np.array([7])))
    doubled = operator("Mul", part, constant(np.int32(2)))
    limits = constant(np.int32(-80)), constant(np.int32(80))
    weight = operator("Cast", operator("Clip", doubled, *limits), to=TensorProto.INT8)
    scale = constant(np.float32(0.01))
    real = operator("DequantizeLinear", weight, scale, constant(np.int8(0)))
    return b.quantized(operator("MatMul", b.real(b.input(6)), real), (5,), scale=0.3)


def _reshaped_weight(b: QuantizedBuilder) -> Tensor:
    """A weight with a scale per channel, reshaped behind its DequantizeLinear."""
    codes = b.codes(4, 27, dtype=np.int8)
    real = b.real_constant(codes, np.array([0.01, 0.02, 0.015, 0.03], np.float32))
    weight = b.builder.operator("Reshape", real, b.builder.constant(np.array([4, 3, 3, 3])))
    y = b.builder.operator("Conv", b.real(b.input(*SHAPE)), weight)
    return b.quantized(y, (4, 4, 3), scale=0.5)


def _scales_of_weights(*scales: float) -> Callable[[QuantizedBuilder], Tensor]:
    def build(b: QuantizedBuilder) -> Tensor:
        weight = b.real_constant(b.codes(4, 3, 3, 3, dtype=np.int8), np.array(scales, np.float32))
        y = b.builder.operator("Conv", b.real(b.input(*SHAPE)), weight)
        return b.quantized(y, (4, 4, 3), scale=0.4)

    return build


def _shape_computed(b: QuantizedBuilder) -> Tensor:
    """Sizes of a reshape, computed from the shape of what is reshaped."""
    constant, operator = b.builder.constant, b.builder.operator
    x = b.convolution(b.input(*SHAPE), 4)
    real = b.real(x)
    shape = operator("Shape", real)
    batch = operator("Gather", shape, constant(np.array(0)))
    first = operator("Unsqueeze", batch, constant(np.array([0])))
    rest = operator("Slice", shape, constant(np.array([1])), constant(np.array([9])))
    size = operator("ReduceProd", rest, keepdims=1)
    sizes = operator("Concat", first, size, axis=0)
    flat = b.quantized(operator("Reshape", real, sizes), (48,), x.scale, x.zero_point)
    return b.product(flat, 5, gemm=True, bias="int")


BUILDS: dict[str, Callable[[QuantizedBuilder], Tensor]] = {
    "scalars": _scalars,
    "real weight": _fake_quantized(0.02),
    "real weight per channel": _fake_quantized([0.02, 0.03, 0.01, 0.05]),
    "computed weight": _computed_weight,
    "reshaped weight": _reshaped_weight,
    "dead channel": _scales_of_weights(0.01, 1.7e-22, 0.02, 1e-30),
    "negative scales of weights": _scales_of_weights(0.01, -0.02, 0.02, -0.03),
    "computed shape": _shape_computed,
}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("title", BUILDS)
def test_equals_onnxruntime(title: str, dtype: Any) -> None:
    b = QuantizedBuilder(dtype, False, 1)
    assert_equal(b.model(BUILDS[title](b)), samples=5)


def test_batch_normalization_with_quantized_parameters() -> None:
    b = QonnxBuilder()
    random = np.random.default_rng(1)
    x = b.quant("x", 0.5, 4)
    weight = b.quant(b.constant(random.normal(size=(4, 3, 2, 2)).astype(np.float32)), 0.25, 4)
    numbers = random.normal(size=4), random.normal(size=4), random.normal(size=4), np.ones(4)
    parameters = [b.quant(b.constant(v.astype(np.float32)), 0.125, 6) for v in numbers]
    y = b.operator("BatchNormalization", b.operator("Conv", x, weight), *parameters)
    _equals_qonnx(b, b.quant(y, 0.75, 5))


@pytest.mark.parametrize("bits", [17, 23, 32])
def test_biases_of_many_bits(bits: int) -> None:
    """The scale of the bias is computed by the model, from those of input and weight."""
    b = QonnxBuilder()
    random = np.random.default_rng(bits)
    scales = [b.constant(np.float32(v)) for v in (2.0**-8, 2.0**-8)]
    scale = b.operator("Mul", *scales)
    x = b.quant("x", 2.0**-8, 8)
    weight = b.quant(b.constant(random.normal(size=(4, 3, 1, 1)).astype(np.float32)), 2.0**-8, 8)
    bias = b.constant(random.uniform(-1, 1, 4).astype(np.float32))
    constants = [b.constant(np.float32(v)) for v in (0, bits)]
    quantized = b.operator(
        "Quant", bias, scale, *constants, domain="qonnx.custom_op.general",
        signed=1, narrow=0, rounding_mode="ROUND",
    )  # fmt: skip
    _equals_qonnx(b, b.quant(b.operator("Conv", x, weight, quantized), 2.0**-5, 8))


def _equals_qonnx(b: QonnxBuilder, output: str) -> None:
    proto = b.model({"x": (np.float32, (1, *SHAPE))}, [output])
    graph = convert_onnx(proto.SerializeToString())
    samples = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype(np.float32)
    expected = run(with_shape(proto, graph), samples)[output]
    results = run_graph(graph, codes_of(graph, samples))[output]
    assert np.ptp(expected) > 0
    assert differences(graph, output, results, expected) == 0


def _refused(build: Callable[[QuantizedBuilder], str]) -> str:
    b = QuantizedBuilder(np.int8, False, 0)
    real = b.real(b.input(4))
    made = b.builder.operator("Mul", real, build(b))
    proto = b.model(b.quantized(made, (4,)))
    with pytest.raises(UserError) as caught:
        convert_onnx(proto.SerializeToString())
    return str(caught.value)


def test_refused_in_one_line() -> None:
    def enormous(b: QuantizedBuilder) -> str:
        return b.builder.operator("ConstantOfShape", b.builder.constant(np.array([1 << 20] * 3)))

    def misshapen(b: QuantizedBuilder) -> str:
        constants = [b.builder.constant(np.ones(size, np.float32)) for size in (3, 4)]
        return b.builder.operator("Add", *constants)

    def text(b: QuantizedBuilder) -> str:
        return b.builder.operator("Constant", value_string="2")

    assert "it makes a constant of more than 16777216 elements" in _refused(enormous)
    assert "it cannot compute with its constants" in _refused(misshapen)
    assert "its value holds no numbers" in _refused(text)


def test_scale_of_a_channel_is_named() -> None:
    b = QuantizedBuilder(np.int8, False, 0)
    proto = b.model(_scales_of_weights(0.01, 0.02, float("nan"), 0.01)(b))
    with pytest.raises(UserError, match="of channel 2 is nan"):
        convert_onnx(proto.SerializeToString())


def test_first_exporters_wrote_no_domain() -> None:
    """QONNX's operators are known without their domain, too."""
    b = QonnxBuilder()
    proto = b.model({"x": (np.float32, (1, 6))}, [b.quant(b.quant("x", 0.5, 4), 0.75, 4)])
    bare = type(proto).FromString(proto.SerializeToString())
    for node in bare.graph.node:
        node.domain = ""
    graphs = [convert_onnx(model.SerializeToString()) for model in (proto, bare)]
    codes = {"quant_4": np.arange(-6, 6).reshape(2, 6)}
    said, bare_said = (run_graph(graph, codes)[graph.outputs[0]] for graph in graphs)
    assert np.array_equal(said, bare_said)


def test_networks_end_where_they_are_told_to() -> None:
    """What stands behind is not looked at."""
    b = QuantizedBuilder(np.int8, False, 1)
    y = b.convolution(b.input(*SHAPE), 4)
    proto = b.model(b.unary("Sqrt", y))
    content = proto.SerializeToString()
    with pytest.raises(UserError, match="Sqrt"):
        convert_onnx(content)
    assert convert_onnx(content, outputs=(y.name,)).outputs == (y.name,)
    with pytest.raises(UserError, match="--outputs names 'other', which is no tensor"):
        convert_onnx(content, outputs=("other",))


def test_all_obstacles_are_told_at_once() -> None:
    """Grouped by operator, each with its first place."""
    b = QuantizedBuilder(np.int8, False, 1)
    x = b.input(*SHAPE)
    for kind in ("Sqrt", "Sqrt", "Det"):
        x = b.unary(kind, x)
    with pytest.raises(UserError) as caught:
        convert_onnx(b.model(x).SerializeToString())
    first, *kinds = str(caught.value).split("\n")
    assert first == "3 obstacles of 2 kinds"
    assert "Sqrt 'sqrt_4', and 1 more: it is not supported but on constants" in kinds[0]
    assert "Det" in kinds[1]
