"""Imported QONNX networks against qonnx's execution, and Brevitas exports against Brevitas."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx, import_onnx
from bittrue.golden.graph import Graph, MatrixNode
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_builder import OnnxBuilder
from tests.support.onnx_comparison import run_graph
from tests.support.paths import QONNX_EXPORTS as EXPORTS
from tests.support.qonnx_networks import (
    NAMES,
    QonnxBuilder,
    codes_of,
    differences,
    with_shape,
)


def test_there_are_exports() -> None:
    assert len(NAMES) == 9


@pytest.mark.parametrize("name", NAMES)
def test_export_equals_brevitas(name: str) -> None:
    graph = import_onnx(EXPORTS / f"{name}.onnx")
    recorded = np.load(EXPORTS / f"{name}.npz")
    results = run_graph(graph, codes_of(graph, recorded["images"]))
    (output,) = graph.outputs
    assert np.ptp(recorded["outputs"]) > 0
    assert differences(graph, output, results[output], recorded["outputs"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_export_equals_qonnx_on_every_tensor(name: str) -> None:
    graph = import_onnx(EXPORTS / f"{name}.onnx")
    images = np.random.default_rng(3).normal(size=(4, 3, 8, 8)).astype(np.float32)
    expected = run(onnx.load(EXPORTS / f"{name}.onnx"), images)
    results = run_graph(graph, codes_of(graph, images))
    compared = [tensor for tensor in results if tensor in expected and tensor in graph.quantization]
    assert len(compared) >= 4
    for tensor in compared:
        assert differences(graph, tensor, results[tensor], expected[tensor]) == 0, tensor


def assert_equal(
    builder: OnnxBuilder, output: str, shape: tuple[int, ...], low: float, high: float
) -> Graph:
    """Compare with qonnx on random numbers, those between codes and on ties among them."""
    proto = builder.model({"x": (np.float32, (1, *shape))}, [output])
    graph = convert_onnx(proto.SerializeToString())
    random = np.random.default_rng(0)
    samples = (random.integers(int(low), int(high), (6, *shape)) / 2).astype(np.float32)
    (tensor,) = graph.inputs
    expected = run(with_shape(proto, graph), samples)
    meaning = graph.quantization[tensor.name]
    codes = expected[tensor.name] / float(meaning.scale) + meaning.encoding.zero_point
    inputs = {tensor.name: np.rint(codes).astype(np.int64)}
    if meaning.encoding.bipolar:
        inputs = {tensor.name: (expected[tensor.name] > 0).astype(np.int64)}
    results = run_graph(graph, inputs)
    for name in graph.tensors:
        if name in expected and name in graph.quantization:
            assert differences(graph, name, results[name], expected[name]) == 0, name
    assert len(np.unique(results[graph.outputs[0]])) > 1
    return graph


@pytest.mark.parametrize(
    "mode", ["ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN", "FLOOR", "CEIL", "UP", "DOWN"]
)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_rounding_modes(mode: str, bits: int) -> None:
    """Sums of products on and beside ties."""
    b = QonnxBuilder()
    random = np.random.default_rng(bits)
    x = b.quant("x", 0.5, 6)
    weight = b.quant(b.constant(random.normal(size=(5, 4)).astype(np.float32)), 0.25, bits)
    product = b.operator("MatMul", x, b.operator("Transpose", weight))
    y = b.quant(product, 0.75 if bits == 8 else 1.0, bits, rounding_mode=mode)
    assert_equal(b, y, (4,), -40, 40)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(
    ("bits", "narrow"), [(1, 0), *((bits, narrow) for bits in (2, 3, 5, 8) for narrow in (0, 1))]
)
def test_types(bits: int, narrow: int, signed: int) -> None:
    b = QonnxBuilder()
    x = b.quant("x", 0.5, bits, signed=signed, narrow=narrow)
    y = b.quant(x, 0.25, 5)
    graph = assert_equal(b, y, (30,), -20, 20)
    assert graph.inputs[0].type.width == bits
    assert graph.inputs[0].type.signed == (bool(signed) and bits > 1)


@pytest.mark.parametrize("zero_point", [3.0, 8.0])
def test_zero_points_are_added_before_rounding(zero_point: float) -> None:
    b = QonnxBuilder()
    x = b.quant("x", 0.5, 4, zero_point, signed=0)
    y = b.quant(x, 1.0, 4, zero_point, signed=0)
    weight = b.quant(b.constant(np.eye(6, dtype=np.float32)), 1.0, 3)
    z = b.quant(b.operator("MatMul", y, weight), 2.0, 4, zero_point + 1, signed=0)
    assert_equal(b, z, (6,), -20, 20)


def test_batch_normalization_with_negative_factors_and_bipolar_weights() -> None:
    b = QonnxBuilder()
    random = np.random.default_rng(1)
    x = b.quant("x", 0.5, 4)
    weight = b.operator(
        "BipolarQuant",
        b.constant(random.normal(size=(6, 3, 3, 3)).astype(np.float32)),
        b.constant(np.float32(0.125)),
        domain="qonnx.custom_op.general",
    )
    y = b.operator("Conv", x, weight)
    parameters = [random.normal(size=6), random.normal(size=6), random.normal(size=6)]
    constants = [b.constant(v.astype(np.float32)) for v in parameters]
    y = b.operator(
        "BatchNormalization", y, *constants, b.constant(random.uniform(0.5, 2, 6).astype("f4"))
    )
    y = b.operator("Relu", y)
    y = b.quant(y, 0.3, 3, signed=0)
    graph = assert_equal(b, y, (3, 6, 5), -16, 16)
    (node,) = graph.nodes
    assert node.weight_encoding.bipolar  # type: ignore[attr-defined]


def test_scale_and_shift_per_channel() -> None:
    b = QonnxBuilder()
    factors = np.array([0.5, -1.25, 2.0], np.float32).reshape(3, 1, 1)
    x = b.quant("x", 0.5, 5)
    y = b.operator("Mul", x, b.constant(abs(factors)))
    y = b.operator("Add", y, b.constant(factors / 3))
    y = b.quant(y, 0.5, 5)
    assert_equal(b, y, (3, 4, 4), -30, 30)


def test_truncation_of_the_first_version() -> None:
    b = QonnxBuilder()
    b.domains = (("", 17), ("qonnx.custom_op.general", 1))
    x = b.quant("x", 0.5, 6, signed=0)
    numbers = [b.constant(np.float32(v)) for v in (0.5, 0, 6, 3)]
    y = b.operator("Trunc", x, *numbers, domain="qonnx.custom_op.general", rounding_mode="FLOOR")
    proto = b.model({"x": (np.float32, (1, 20))}, [y])
    graph = convert_onnx(proto.SerializeToString())
    samples = np.random.default_rng(0).uniform(0, 32, (4, 20)).astype(np.float32)
    results, expected = (
        run_graph(graph, codes_of(graph, samples)),
        run(with_shape(proto, graph), samples),
    )
    truncated = results[graph.outputs[0]]
    assert np.array_equal(truncated * 0.5, expected[y])


def test_residual_sum_of_unequal_scales() -> None:
    b = QonnxBuilder()
    x = b.quant("x", 0.5, 4)
    other = b.quant(x, 0.3, 4)
    y = b.quant(b.operator("Add", x, other), 0.7, 4)
    assert_equal(b, y, (50,), -16, 16)


def _product(b: QonnxBuilder) -> str:
    weight = b.quant(b.constant(np.eye(6, dtype=np.float32)), 1, 4)
    return b.operator("MatMul", b.quant("x", 1, 4), weight)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda b: b.operator("Mul", "x", b.constant(np.float32(2))), "operator on real numbers"),
        (lambda b: b.quant("x", np.ones(6), 4), "activations have 6 scales"),
        (lambda b: b.quant("x", 1, 40), "bit width is 40"),
        (lambda b: b.quant("x", 1, 4.5), "no single whole number"),
        (lambda b: b.quant("x", 1, 4, rounding_mode="SOMEHOW"), "rounding_mode is 'SOMEHOW'"),
        (lambda b: b.quant("x", 0, 4), "is 0; allowed: positive numbers"),
        (lambda b: b.operator("Sigmoid", "x"), "no quantized tensor"),
    ],
)  # fmt: skip
def test_refused_in_one_line(build: Any, message: str) -> None:
    b = QonnxBuilder()
    proto = b.model({"x": (np.float32, (1, 6))}, [build(b)])
    with pytest.raises(UserError) as caught:
        convert_onnx(proto.SerializeToString())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_onnxruntime_does_not_run_it() -> None:
    b = QonnxBuilder()
    proto = b.model({"x": (np.float32, (1, 6))}, [b.quant("x", 1, 4)])
    with pytest.raises(UserError, match="import with profile onnx"):
        convert_onnx(proto.SerializeToString(), "onnxruntime")


@pytest.mark.parametrize(("bias", "units"), [(2.0**40, 2**40), (-(2.0**46), -(2**46))])
def test_a_bias_of_many_bits_is_exact(bias: float, units: int) -> None:
    node = biased(bias).nodes[0]
    assert isinstance(node, MatrixNode)
    assert node.bias.tolist() == [units, 1]


@pytest.mark.parametrize("bias", [2.0**63, 2.0**70])
def test_a_bias_of_too_many_bits_is_refused_by_its_value(bias: float) -> None:
    """Beside small ones, such integers are float64 in numpy unless it is told otherwise."""
    with pytest.raises(UserError, match=f"bias spans 1 to {int(bias)}; allowed: int48"):
        biased(bias)


def biased(bias: float) -> Graph:
    b = QonnxBuilder()
    weight = b.quant(b.constant(np.array([[1, -2], [3, 1]], np.float32)), 1, 4)
    product = b.operator("MatMul", b.quant("x", 1, 4), weight)
    total = b.operator("Add", product, b.constant(np.array([bias, 1], np.float32)))
    proto = b.model({"x": (np.float32, (1, 2))}, [b.quant(total, 1, 8)])
    return convert_onnx(proto.SerializeToString())


def _scaled_input(b: QonnxBuilder) -> str:
    doubled = b.operator("Mul", "x", b.constant(np.float32(2)))
    return b.quant(b.operator("Sub", doubled, b.constant(np.array([1], np.float32))), 0.5, 4)


def test_an_input_that_the_model_scales() -> None:
    """The codes are those of the scaled numbers; accumulators at the end stand before a shift."""
    b = QonnxBuilder()
    random = np.random.default_rng(3)
    weight = b.quant(b.constant(random.normal(size=(6, 4)).astype(np.float32)), 0.25, 4)
    quantized = _scaled_input(b)
    product = b.operator("MatMul", quantized, weight)
    centred = b.operator("Sub", product, b.constant(np.array([0.3], np.float32)))
    y = b.operator("Div", centred, b.constant(np.float32(3)))
    proto = b.model({"x": (np.float32, (1, 6))}, [y])
    graph = convert_onnx(proto.SerializeToString())
    samples = random.uniform(-1, 2, (20, 6)).astype(np.float32)
    results = run_graph(graph, codes_of(graph, 2 * samples - 1))[graph.outputs[0]]
    expected = run(with_shape(proto, graph), samples)[y]
    assert y not in graph.quantization
    assert np.allclose((results * 0.125 - 0.3) / 3, expected, rtol=1e-5, atol=1e-5)


def test_an_input_that_is_scaled_in_two_ways_is_refused() -> None:
    b = QonnxBuilder()
    y = b.quant(b.operator("Add", _scaled_input(b), b.quant("x", 0.5, 4)), 0.5, 4)
    proto = b.model({"x": (np.float32, (1, 6))}, [y])
    with pytest.raises(UserError, match="is quantized in two ways"):
        convert_onnx(proto.SerializeToString())
