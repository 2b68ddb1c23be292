"""Requantization against LiteRT on whole int8 layers, with each of its sets of kernels.

What is expected of the optimized kernels is what they compute on x86.
"""

from enum import Enum

import numpy as np
import pytest
import torch

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.float_requant import (
    requantize_float32_half_even,
    requantize_float64_half_away,
)
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import (
    convolution_scale,
    fully_connected_scale,
    quantize_multiplier,
    quantize_multiplier_16x8,
)
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.requant import requantize
from tests.support.litert import Kernels, run_litert
from tests.support.quantized_layers import (
    ACTIVATIONS,
    OPERATORS,
    QuantizedLayer,
    random_layer,
    tie_layer,
)


class Float(Enum):
    """Arithmetics that are defined in floating point."""

    FLOAT32_HALF_EVEN = "float32"
    FLOAT64_HALF_AWAY = "float64"


Arithmetic = Rounding | Float

DETERMINISTIC = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]


def arithmetic_of(operator: str, kernels: Kernels) -> Arithmetic:
    """Return what LiteRT computes with."""
    if kernels is Kernels.XNNPACK:
        return Float.FLOAT32_HALF_EVEN
    if kernels is Kernels.OPTIMIZED:
        return Rounding.RUY
    if operator == "FULLY_CONNECTED":
        return Float.FLOAT64_HALF_AWAY
    return Rounding.TFLITE_DOUBLE


def outputs(layer: QuantizedLayer, arithmetic: Arithmetic) -> Int64:
    """Requantize the layer's exact accumulators."""
    accumulators = layer.accumulators()
    scales = (layer.input_scale, layer.weight_scale, layer.output_scale)
    codes = (layer.output_zero_point, *layer.clamp)
    if arithmetic is Float.FLOAT64_HALF_AWAY:
        return requantize_float64_half_away(accumulators, *scales, *codes)
    if arithmetic is Float.FLOAT32_HALF_EVEN:
        scale = np.float32(layer.input_scale) * layer.weight_scale / np.float32(layer.output_scale)
        return requantize_float32_half_even(accumulators, scale, *codes)
    if layer.operator == "FULLY_CONNECTED" and layer.weight_scale.size == 1:
        scale = fully_connected_scale(scales[0], float(layer.weight_scale[0]), scales[2])
    else:
        scale = convolution_scale(*scales)
    channels = RequantChannels(RequantSpec(), *quantize_multiplier(scale), *codes)
    return requantize(torch.from_numpy(accumulators), channels, arithmetic).numpy()


@pytest.mark.parametrize("kernels", Kernels)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("operator", OPERATORS)
def test_layer(operator: str, per_channel: bool, activation: str, kernels: Kernels) -> None:
    layer = random_layer(operator, activation, per_channel, seed=OPERATORS.index(operator))
    expected = run_litert(layer.tflite(), [layer.inputs], kernels)[0]
    assert np.array_equal(outputs(layer, arithmetic_of(operator, kernels)), expected)
    assert set(layer.clamp) <= set(expected.ravel().tolist()), "both ends of the clamp occur"


@pytest.mark.parametrize("kernels", Kernels)
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("operator", OPERATORS)
def test_only_the_named_arithmetic_is_right_near_ties(
    operator: str, per_channel: bool, kernels: Kernels
) -> None:
    layers = [tie_layer(operator, per_channel, seed) for seed in range(1, 5)]
    expected = [run_litert(layer.tflite(), [layer.inputs], kernels)[0] for layer in layers]
    right = arithmetic_of(operator, kernels)
    for arithmetic in (*DETERMINISTIC, *Float):
        wrong = sum(
            int(np.count_nonzero(outputs(layer, arithmetic) != codes))
            for layer, codes in zip(layers, expected, strict=True)
        )
        assert (wrong == 0) == (arithmetic is right), (arithmetic, wrong)


@pytest.mark.parametrize("kernels", Kernels)
@pytest.mark.parametrize("operator", OPERATORS)
def test_sixteen_bit_activations(operator: str, kernels: Kernels) -> None:
    """All sets of kernels agree: convolutions round once with 15-bit multipliers.

    Fully connected layers compute in float64, as the int8 reference kernel does.
    """
    layer = tie_layer(operator, per_channel=True, seed=1, dtype=np.int16)
    expected = run_litert(layer.tflite(), [layer.inputs], kernels)[0]
    scales = (layer.input_scale, layer.weight_scale, layer.output_scale)
    scale = convolution_scale(*scales)
    accumulators = layer.accumulators()

    def fixed_point(multiplier_width: int, multiplier: Int64, exponent: Int64) -> Int64:
        spec = RequantSpec(
            IntegerType(48, True), IntegerType(16, True), multiplier_width, maximum_exponent=15
        )
        channels = RequantChannels(spec, multiplier, exponent)
        codes = requantize(torch.from_numpy(accumulators), channels, Rounding.SINGLE_HALF_UP)
        return codes.numpy()

    candidates = {
        "15 bits of 31": fixed_point(15, *quantize_multiplier_16x8(scale)),
        "15 bits": fixed_point(15, *quantize_multiplier(scale, 15)),
        "31 bits": fixed_point(31, *quantize_multiplier(scale)),
        "float64": requantize_float64_half_away(accumulators, *scales, 0, -32768, 32767),
    }
    right = "float64" if operator == "FULLY_CONNECTED" else "15 bits of 31"
    assert [n for n, codes in candidates.items() if np.array_equal(codes, expected)] == [right]
