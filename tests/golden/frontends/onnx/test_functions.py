"""Functions of single numbers against ONNX Runtime, on every code."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime

FUNCTIONS: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("Erf", "Softplus", "Softsign", "Mish", "Selu", "Exp", "Gelu")},
    **{name: {} for name in ("Floor", "Ceil", "Round")},
    "Celu": {"alpha": 0.7},
    "ThresholdedRelu": {"alpha": 0.4},
}


def network(name: str, seed: int, scale: Any = None, **attributes: Any) -> onnx.ModelProto:
    b = QuantizedBuilder(np.int8, False, seed)
    b.builder.domains = (("", 20), ("com.microsoft", 1))
    x = b.input(256)
    y = b.builder.operator(name, b.real(x), **attributes)
    return b.model(b.quantized(y, x.shape, scale))


def differences(proto: onnx.ModelProto) -> int:
    graph = convert_onnx(proto.SerializeToString(), "onnxruntime")
    inputs, (output,) = inputs_of(proto, graph, 1), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output])[output]
    assert len(np.unique(expected)) > 1
    return int((run_graph(graph, inputs)[output] != expected).sum())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_code_is_onnxruntimes(name: str) -> None:
    assert [differences(network(name, seed, **FUNCTIONS[name])) for seed in range(3)] == [0] * 3


def test_the_other_form_of_gelu() -> None:
    assert differences(network("Gelu", 1, approximate="tanh")) == 0
    # The two forms are two functions.
    codes = {}
    for form in ("none", "tanh"):
        graph = convert_onnx(network("Gelu", 5, 2.0**-11, approximate=form).SerializeToString())
        codes[form] = run_graph(graph, {"x": np.arange(-128, 128)[None]})[graph.outputs[0]]
    assert not np.array_equal(codes["none"], codes["tanh"])


def _swish(b: QuantizedBuilder, x: str) -> str:
    return b.builder.operator("Mul", x, b.builder.operator("Sigmoid", x))


def _erf_gelu(b: QuantizedBuilder, x: str) -> str:
    """As exporters write it before operator set 20."""
    y = b.builder.operator("Div", x, b.builder.constant(np.float32(np.sqrt(2))))
    y = b.builder.operator("Add", b.builder.operator("Erf", y), b.builder.constant(np.float32(1)))
    return b.builder.operator(
        "Mul", b.builder.operator("Mul", x, y), b.builder.constant(np.float32(0.5))
    )


def _hard_swish(b: QuantizedBuilder, x: str) -> str:
    y = b.builder.operator("Add", x, b.builder.constant(np.float32(3)))
    y = b.builder.operator("Max", y, b.builder.constant(np.float32(0)))
    y = b.builder.operator("Min", b.builder.constant(np.array([6], np.float32)), y)
    return b.builder.operator(
        "Div", b.builder.operator("Mul", y, x), b.builder.constant(np.float32(6))
    )


def _p_relu(b: QuantizedBuilder, x: str) -> str:
    return b.builder.operator("PRelu", x, b.builder.constant(np.array([0.17], np.float32)))


def _difference(b: QuantizedBuilder, x: str) -> str:
    return b.builder.operator("Sub", b.builder.operator("Tanh", x), x)


@pytest.mark.parametrize("compose", [_swish, _erf_gelu, _hard_swish, _p_relu, _difference])
@pytest.mark.parametrize("seed", range(2))
def test_compositions_are_functions_of_one_code(compose: Any, seed: int) -> None:
    b = QuantizedBuilder(np.int8, False, seed)
    x = b.input(256)
    y = b.quantized(compose(b, b.real(x)), x.shape)
    proto = b.model(y)
    assert differences(proto) == 0
    graph = convert_onnx(proto.SerializeToString(), "onnxruntime")
    assert len(graph.nodes) == 1


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("seed", range(4))
def test_slopes_of_channels(dtype: Any, seed: int) -> None:
    """Every code of every channel; slopes of all signs, trained and round."""
    b = QuantizedBuilder(dtype, False, seed)
    x = b.input(6, 16, 16)
    slopes = np.array([0.25, -0.31, 0, 1.7, 0.0173, -1], np.float32).reshape(6, 1, 1)
    y = b.builder.operator("PRelu", b.real(x), b.builder.constant(slopes))
    proto = b.model(b.quantized(y, x.shape))
    graph = convert_onnx(proto.SerializeToString(), "onnxruntime")
    every = np.arange(256, dtype=dtype).reshape(1, 1, 16, 16).repeat(6, axis=1)
    expected = run_runtime(proto, graph, {x.name: every}, list(graph.outputs))
    (output,) = graph.outputs
    assert len(np.unique(expected[output])) > 50
    assert np.array_equal(run_graph(graph, {x.name: every})[output], expected[output])
    # Negative control: the slopes of the channels beside.
    other = run_graph(graph, {x.name: every})[output]
    assert not np.array_equal(np.roll(other, 1, axis=1), expected[output])


@pytest.mark.parametrize(
    ("kind", "slopes", "message"),
    [
        (
            "PRelu",
            np.linspace(0.1, 0.2, 9, dtype=np.float32).reshape(1, 3, 3),
            "allowed: one number, or one for each channel",
        ),
        (
            "Max",
            np.array([[[0.1]], [[0.2]]], np.float32),
            "it compares tensors and constants; allowed: tensors",
        ),
    ],
)
def test_refused(kind: str, slopes: Any, message: str) -> None:
    b = QuantizedBuilder(np.int8, False, 0)
    x = b.input(2, 3, 3)
    y = b.builder.operator(kind, b.real(x), b.builder.constant(slopes))
    with pytest.raises(UserError, match=message):
        convert_onnx(b.model(b.quantized(y, x.shape)).SerializeToString())
