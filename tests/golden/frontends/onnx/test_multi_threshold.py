"""MultiThreshold and integers by annotation, as FINN writes them, against qonnx."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_comparison import run_graph
from tests.support.qonnx_networks import QonnxBuilder, annotate, real, with_shape

GENERAL = "qonnx.custom_op.general"
DOMAINS = (("", 17), (GENERAL, 1))


def thresholds_of(channels: int, steps: int, random: np.random.Generator) -> Any:
    """Return those of quantizers behind a batch normalization for each channel."""
    first = random.uniform(-20, 5, (channels, 1))
    width = random.uniform(0.8, 6, (channels, 1))
    return np.ceil(first + width * np.arange(steps)).astype(np.float32)


def dense(
    weights: str, inputs: str, steps: int, scale: float, bias: float, channels: int = 6
) -> tuple[onnx.ModelProto, str]:
    """Return integers times integers and thresholds, and the name of the result."""
    b = QonnxBuilder()
    b.domains = DOMAINS
    random = np.random.default_rng(steps)
    values = {"BIPOLAR": [-1, 1], "TERNARY": [-1, 0, 1], "INT4": range(-8, 8)}[weights]
    weight = b.constant(random.choice(values, (12, channels)).astype(np.float32))
    sums = b.operator("MatMul", "x", weight)
    thresholds = b.constant(thresholds_of(channels, steps, random))
    y = b.operator(
        "MultiThreshold",
        sums,
        thresholds,
        domain=GENERAL,
        out_scale=scale,
        out_bias=bias,
        out_dtype="INT4",
    )
    proto = b.model({"x": (np.float32, (1, 12))}, [y])
    return annotate(proto, x=inputs, **{weight: weights}), y


def given(inputs: str) -> Any:
    random = np.random.default_rng(1)
    low, high = {"BIPOLAR": (0, 1), "UINT8": (0, 255), "INT4": (-8, 7), "UINT2": (0, 3)}[inputs]
    return random.integers(low, high + 1, (50, 12))


def compare(proto: onnx.ModelProto, y: str, inputs: str, shape: tuple[int, ...] = (12,)) -> Any:
    """Return the real numbers of the graph and those of qonnx."""
    graph = convert_onnx(proto.SerializeToString())
    codes = given(inputs).reshape(-1, *shape)
    numbers = 2 * codes - 1 if inputs == "BIPOLAR" else codes
    fixed = with_shape(proto, graph)
    expected = np.concatenate([run(fixed, n[None].astype(np.float32))[y] for n in numbers])
    result = run_graph(graph, {"x": codes})[y]
    return real(graph, y, result), expected


@pytest.mark.parametrize(
    ("weights", "inputs", "steps", "scale", "bias"),
    [
        ("BIPOLAR", "BIPOLAR", 1, 2.0, -1.0),
        ("BIPOLAR", "UINT8", 1, 1.0, 0.0),
        ("TERNARY", "UINT2", 3, 1.0, 0.0),
        ("INT4", "INT4", 7, 1.0, 0.0),
        ("INT4", "UINT2", 15, 0.5, -4.0),
        ("INT4", "UINT2", 14, 1.0, -7.0),
    ],
)
def test_dense_layers_equal_qonnx(
    weights: str, inputs: str, steps: int, scale: float, bias: float
) -> None:
    proto, y = dense(weights, inputs, steps, scale, bias)
    result, expected = compare(proto, y, inputs)
    assert len(np.unique(expected)) > 1
    assert np.array_equal(result, expected)
    # Negative control: other thresholds are noticed.
    for constant in proto.graph.initializer:
        if constant.dims[1] == steps and constant.dims[0] == 6:
            moved = onnx.numpy_helper.to_array(constant) + 3
            constant.CopyFrom(onnx.numpy_helper.from_array(moved, constant.name))
    other, _ = compare(proto, y, inputs)
    assert not np.array_equal(other, expected)


@pytest.mark.parametrize("order", ["NCHW", "NHWC", ""])
@pytest.mark.parametrize("rows", [1, 3])
def test_images_of_codes_equal_qonnx(order: str, rows: int) -> None:
    b = QonnxBuilder()
    b.domains = DOMAINS
    shape = (2, 2, 3) if order == "NHWC" else (3, 2, 2)
    thresholds = b.constant(np.sort(np.random.default_rng(2).uniform(0, 250, (rows, 7)), axis=1))
    attributes: dict[str, Any] = {"data_layout": order} if order else {}
    y = b.operator(
        "MultiThreshold", "x", thresholds, domain=GENERAL, out_dtype="UINT3", **attributes
    )
    proto = annotate(b.model({"x": (np.float32, (1, *shape))}, [y]), x="UINT8")
    result, expected = compare(proto, y, "UINT8", shape)
    assert len(np.unique(expected)) > 4
    assert np.array_equal(result, expected)


def test_refused() -> None:
    proto, _ = dense("INT4", "INT4", 3, -1.0, 0.0)
    with pytest.raises(UserError, match="its out_scale is -1"):
        convert_onnx(proto.SerializeToString())
    proto, _ = dense("INT4", "INT4", 3, 1.0, 0.5)
    with pytest.raises(UserError, match="is no whole number of its out_scale"):
        convert_onnx(proto.SerializeToString())
    proto, _ = dense("TERNARY", "INT4", 3, 1.0, 0.0)
    annotate(proto, **{proto.graph.initializer[0].name: "BIPOLAR"})
    with pytest.raises(UserError, match="is annotated as BIPOLAR and has other numbers"):
        convert_onnx(proto.SerializeToString())
