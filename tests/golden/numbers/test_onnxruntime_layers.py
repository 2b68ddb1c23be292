"""The float32 requantization against ONNX Runtime's quantized operators."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.float_requant import (
    requantize_float32_half_even,
    requantize_float64_half_away,
)
from bittrue.golden.numbers.multiplier import convolution_scale, quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.requant import requantize
from tests.support.quantized_layers import QuantizedLayer, random_layer, tie_layer


def run_node(operator: str, x: NDArray[Any], constants: dict[str, Any], **options: Any) -> Any:
    """Run one operator on int8 ``x``, followed by constant inputs in their order."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", *constants], ["y"], **options)],
        operator,
        [helper.make_tensor_value_info("x", TensorProto.INT8, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.INT8, [None] * x.ndim)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


def run_convolution(layer: QuantizedLayer) -> NDArray[np.int8]:
    """Run a layer as QLinearConv and return its channel-last output."""
    depthwise = layer.operator == "DEPTHWISE_CONV_2D"
    weights = layer.weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
    constants = {
        "x_scale": np.float32(layer.input_scale),
        "x_zero_point": np.int8(layer.input_zero_point),
        "w": np.ascontiguousarray(weights),
        "w_scale": layer.weight_scale,
        "w_zero_point": np.zeros(layer.weight_scale.shape, dtype=np.int8),
        "y_scale": np.float32(layer.output_scale),
        "y_zero_point": np.int8(layer.output_zero_point),
        "b": layer.bias,
    }
    x = np.ascontiguousarray(layer.inputs.transpose(0, 3, 1, 2))
    groups = x.shape[1] if depthwise else 1
    y = run_node("QLinearConv", x, constants, strides=[layer.stride] * 2, group=groups)
    return y.transpose(0, 2, 3, 1)


def float32_outputs(layer: QuantizedLayer) -> Int64:
    scale = np.float32(layer.input_scale) * layer.weight_scale / np.float32(layer.output_scale)
    codes = (layer.output_zero_point, *layer.clamp)
    return requantize_float32_half_even(layer.accumulators(), scale, *codes)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("operator", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolution(operator: str, per_channel: bool) -> None:
    layer = random_layer(operator, "NONE", per_channel, seed=11)
    assert np.array_equal(float32_outputs(layer), run_convolution(layer))


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("operator", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_only_float32_is_right_near_ties(operator: str, per_channel: bool) -> None:
    wrong = dict.fromkeys([*Rounding, "float64"], 0)
    for seed in range(1, 5):
        layer = tie_layer(operator, per_channel, seed)
        expected = run_convolution(layer)
        assert np.array_equal(float32_outputs(layer), expected)
        scales = (layer.input_scale, layer.weight_scale, layer.output_scale)
        codes = (layer.output_zero_point, *layer.clamp)
        scale = convolution_scale(*scales)
        channels = RequantChannels(RequantSpec(), *quantize_multiplier(scale), *codes)
        accumulators = layer.accumulators()
        random = torch.full(accumulators.shape, 1 << 15)
        for rounding in Rounding:
            got = requantize(torch.from_numpy(accumulators), channels, rounding, random)
            wrong[rounding] += int(np.count_nonzero(got.numpy() != expected))
        float64 = requantize_float64_half_away(accumulators, *scales, *codes)
        wrong["float64"] += int(np.count_nonzero(float64 != expected))
    assert all(wrong.values()), wrong


@pytest.mark.parametrize("per_channel", [True, False])
def test_matrix_product(per_channel: bool) -> None:
    layer = random_layer("FULLY_CONNECTED", "NONE", per_channel, seed=12)
    layer.bias[:] = 0  # QLinearMatMul has none.
    constants = {
        "x_scale": np.float32(layer.input_scale),
        "x_zero_point": np.int8(layer.input_zero_point),
        "w": np.ascontiguousarray(layer.weights.T),
        "w_scale": layer.weight_scale if per_channel else layer.weight_scale[0],
        "w_zero_point": np.zeros(layer.weight_scale.size if per_channel else (), dtype=np.int8),
        "y_scale": np.float32(layer.output_scale),
        "y_zero_point": np.int8(layer.output_zero_point),
    }
    expected = run_node("QLinearMatMul", layer.inputs, constants)
    assert np.array_equal(float32_outputs(layer), expected)
