"""Numbers that descend where codes ascend, and borders of bipolar codes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph.table import Table
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import assert_equal, run_graph
from tests.support.qonnx_networks import QonnxBuilder, codes_of, differences, with_shape

SHAPE = (4, 6, 5)
FACTORS = np.array([-1.5, 0, 2, -0.3], np.float32)


def _batch_normalization(b: QuantizedBuilder) -> str:
    numbers = (
        FACTORS * b.random.uniform(0.5, 2),
        b.random.normal(size=4),
        b.random.normal(size=4),
        np.array([1e-12, 4, 1e-2, 1], np.float32),
    )
    constants = [b.builder.constant(v.astype(np.float32)) for v in numbers]
    return b.builder.operator("BatchNormalization", b.real(b.input(*SHAPE)), *constants)


def _per_channel(*kinds: str, relu: bool = False) -> Callable[[QuantizedBuilder], str]:
    def build(b: QuantizedBuilder) -> str:
        y = b.real(b.input(*SHAPE))
        for kind in kinds:
            values = FACTORS + np.float32(b.random.normal(size=4))
            y = b.builder.operator(kind, y, b.builder.constant(values.reshape(4, 1, 1)))
        return b.builder.operator("Relu", y) if relu else y

    return build


def _scalar(b: QuantizedBuilder) -> str:
    return b.builder.operator("Mul", b.real(b.input(*SHAPE)), b.builder.constant(np.float32(-1.3)))


ONNXRUNTIME: dict[str, Callable[[QuantizedBuilder], str]] = {
    "batch normalization": _batch_normalization,
    "product": _per_channel("Mul"),
    "product and sum": _per_channel("Mul", "Add"),
    "sum and quotient": _per_channel("Sub", "Div"),
    "activation": _per_channel("Mul", "Add", relu=True),
    "number": _scalar,
}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("title", ONNXRUNTIME)
@pytest.mark.parametrize("seed", range(3))
def test_equals_onnxruntime(title: str, dtype: Any, seed: int) -> None:
    b = QuantizedBuilder(dtype, False, seed)
    y: Tensor = b.quantized(ONNXRUNTIME[title](b), SHAPE, scale=b.scale(0.06))
    assert_equal(b.model(y), samples=6, seed=seed)


# Exact real numbers


def _negated(b: QonnxBuilder) -> str:
    return b.operator("Mul", b.quant("x", 0.5, 5), b.constant(np.float32(-0.75)))


def _normalized(b: QonnxBuilder) -> str:
    x = b.quant("x", 0.5, 5)
    variance = np.array([1, 4, 0.25, 1], np.float32)
    constants = [b.constant(v) for v in (FACTORS, FACTORS / 2, FACTORS * 4, variance)]
    return b.operator("BatchNormalization", x, *constants)


def _pooled(b: QonnxBuilder) -> str:
    x = b.operator("AveragePool", b.quant("x", 0.5, 5), kernel_shape=[2, 2])
    factors = np.array([-1.5, 0.25, 2, -0.5], np.float32).reshape(
        4, 1, 1
    )  # Float32 rounds no product.
    return b.operator("Mul", x, b.constant(factors))


def _product(b: QonnxBuilder) -> str:
    x = b.quant("x", 0.5, 5)
    return b.operator("Mul", b.operator("Mul", x, x), b.constant(np.float32(-0.5)))


@pytest.mark.parametrize("mode", ["ROUND", "FLOOR", "CEIL", "HALF_UP"])
@pytest.mark.parametrize("build", [_negated, _normalized, _pooled, _product])
def test_equals_qonnx(build: Callable[[QonnxBuilder], str], mode: str) -> None:
    b = QonnxBuilder()
    y = b.quant(build(b), 0.75, 4, rounding_mode=mode)
    proto = b.model({"x": (np.float32, (1, *SHAPE))}, [y])
    graph = convert_onnx(proto.SerializeToString())
    samples = np.random.default_rng(0).normal(size=(6, *SHAPE)).astype(np.float32) * 4
    expected = run(with_shape(proto, graph), samples)[y]
    results = run_graph(graph, codes_of(graph, samples))[y]
    assert np.ptp(expected) > 4
    assert differences(graph, y, results, expected) == 0


def test_one_negative_factor_is_a_descending_table() -> None:
    b = QonnxBuilder()
    y = b.quant(_negated(b), 0.75, 4)
    proto = b.model({"x": (np.float32, (1, *SHAPE))}, [y])
    (node,) = convert_onnx(proto.SerializeToString()).nodes
    assert isinstance(node, Table)
    assert (np.diff(node.values) <= 0).all()
    assert np.ptp(node.values) > 8


# Bipolar borders


def _padded(filling: float) -> tuple[onnx.ModelProto, str]:
    b = QonnxBuilder()
    random = np.random.default_rng(2)

    def bipolar(x: str, scale: float) -> str:
        constant = b.constant(np.float32(scale))
        return b.operator("BipolarQuant", x, constant, domain="qonnx.custom_op.general")

    pads = b.constant(np.array([0, 0, 1, 0, 0, 0, 1, 2]))
    x = bipolar(b.quant("x", 0.25, 6), 0.5)
    padded = b.operator("Pad", x, pads, b.constant(np.float32(filling)))
    weight = bipolar(b.constant(random.normal(size=(3, 4, 2, 2)).astype(np.float32)), 1)
    y = b.quant(b.operator("Conv", padded, weight), 0.5, 6)
    return b.model({"x": (np.float32, (1, *SHAPE))}, [y]), y


@pytest.mark.parametrize("filling", [-0.5, 0.5])
def test_borders_of_bipolar_codes(filling: float) -> None:
    proto, y = _padded(filling)
    graph = convert_onnx(proto.SerializeToString())
    samples = np.random.default_rng(0).normal(size=(6, *SHAPE)).astype(np.float32)
    expected = run(with_shape(proto, graph), samples)[y]
    results = run_graph(graph, codes_of(graph, samples))[y]
    assert differences(graph, y, results, expected) == 0


def test_borders_that_no_bipolar_code_stands_for() -> None:
    for filling in (0.0, 1.0):
        proto, _ = _padded(filling)
        with pytest.raises(UserError, match=f"it fills with {filling}, which no code stands for"):
            convert_onnx(proto.SerializeToString())
