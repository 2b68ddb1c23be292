"""Random quantized layers: as .tflite models, and as exact accumulators computed apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from bittrue.golden.numbers.arrays import Float32, Int64
from tests.support.tflite_builder import TfliteBuilder

OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
ACTIVATIONS = ("NONE", "RELU", "RELU6")


@dataclass(frozen=True)
class QuantizedLayer:
    """One layer with everything a runtime needs to compute it.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    activation : str
        One of `ACTIVATIONS`, fused.
    inputs : ndarray of int8 or int16
        NHWC, or (batch, features) for a fully connected layer. Outputs have the same type.
    weights : ndarray of int8
        As TFLite stores them: OHWI, 1HWO for depthwise, OI for fully connected.
    bias : ndarray of int32 (int64 with int16 inputs), shape (outputs,)
    weight_scale : ndarray of float32, shape (outputs,) or (1,)
    input_scale, output_scale : float
    input_zero_point, output_zero_point : int
    stride : int
        Both directions; padding is "valid".
    """

    operator: str
    activation: str
    inputs: NDArray[np.signedinteger[Any]]
    weights: NDArray[np.int8]
    bias: NDArray[np.signedinteger[Any]]
    weight_scale: Float32
    input_scale: float
    output_scale: float
    input_zero_point: int
    output_zero_point: int
    stride: int = 1

    @property
    def clamp(self) -> tuple[int, int]:
        """Codes to which the fused activation limits the output."""
        limits = np.iinfo(self.inputs.dtype)
        zero = self.output_zero_point
        six = zero + int(np.floor(np.float32(6) / np.float32(self.output_scale) + np.float32(0.5)))
        low = limits.min if self.activation == "NONE" else max(limits.min, zero)
        high = min(limits.max, six) if self.activation == "RELU6" else limits.max
        return int(low), int(high)

    def accumulators(self) -> Int64:
        """Return the exact accumulators, bias included, channel-last."""
        # float64 holds every sum of these products exactly.
        x = torch.from_numpy(self.inputs.astype(np.float64) - self.input_zero_point)
        w = torch.from_numpy(self.weights.astype(np.float64))
        bias = torch.from_numpy(self.bias.astype(np.float64))
        if self.operator == "FULLY_CONNECTED":
            y = x @ w.T + bias
        else:
            depthwise = self.operator == "DEPTHWISE_CONV_2D"
            y = torch.nn.functional.conv2d(
                x.permute(0, 3, 1, 2),
                w.permute(3, 0, 1, 2) if depthwise else w.permute(0, 3, 1, 2),
                bias,
                stride=self.stride,
                groups=x.shape[3] if depthwise else 1,
            ).permute(0, 2, 3, 1)
        return y.to(torch.int64).numpy()

    def tflite(self) -> bytes:
        """Return the layer as a .tflite model."""
        shape = self.accumulators().shape
        channel_axis = 3 if self.operator == "DEPTHWISE_CONV_2D" else 0
        builder = TfliteBuilder()
        x = builder.tensor(
            "x", self.inputs.dtype, self.inputs.shape, self.input_scale, self.input_zero_point
        )
        w = builder.constant("w", self.weights, self.weight_scale, axis=channel_axis)
        bias_scale = np.float32(self.input_scale) * self.weight_scale
        b = builder.constant("b", self.bias, bias_scale)
        y = builder.tensor("y", self.inputs.dtype, shape, self.output_scale, self.output_zero_point)
        options: dict[str, Any] = {
            "fusedActivationFunction": getattr(schema.ActivationFunctionType, self.activation)
        }
        if self.operator == "FULLY_CONNECTED":
            builder.operator(
                self.operator, [x, w, b], [y], "FullyConnectedOptions", version=4, **options
            )
        else:
            options |= {"strideH": self.stride, "strideW": self.stride}
            options |= {"padding": schema.Padding.VALID}
            name = "Conv2DOptions"
            if self.operator == "DEPTHWISE_CONV_2D":
                name = "DepthwiseConv2DOptions"
                options["depthMultiplier"] = 1
            builder.operator(self.operator, [x, w, b], [y], name, version=3, **options)
        return builder.build([x], [y])


def random_layer(
    operator: str, activation: str, per_channel: bool, seed: int, outputs: int = 16
) -> QuantizedLayer:
    """Return a layer whose outputs use the whole code range and hit ties.

    A third of the scales are such that ``s_in * s_w / s_out`` is a power of two, where every
    rounding meets exact ties; the others are random.
    """
    generator = np.random.default_rng(seed)

    def int8(*shape: int) -> NDArray[np.int8]:
        return generator.integers(-128, 128, shape, dtype=np.int8)

    if operator == "FULLY_CONNECTED":
        inputs, weights, terms = int8(3000, 24), int8(outputs, 24), 24
    elif operator == "DEPTHWISE_CONV_2D":
        inputs, weights, terms = int8(4, 32, 32, outputs), int8(1, 3, 3, outputs), 9
    else:
        inputs, weights, terms = int8(4, 32, 32, 5), int8(outputs, 3, 3, 5), 45
    weights = np.maximum(weights, -127)
    bias = generator.integers(-(1 << 15), 1 << 15, outputs, dtype=np.int32)
    scales = outputs if per_channel else 1
    # The accumulators' spread, about 74**2 * sqrt(terms), becomes 40 to 160 codes.
    spread = 74**2 * np.sqrt(terms)
    ratio = generator.uniform(40, 160, scales) / spread
    power = 2.0 ** np.round(np.log2(80 / spread))
    ratio = np.where(np.arange(scales) % 3 == 0, power, ratio) if per_channel else ratio
    input_scale, output_scale = 0.0625, 0.0625 if activation != "RELU6" else 0.09375
    return QuantizedLayer(
        operator,
        activation,
        inputs,
        weights,
        bias,
        (ratio * output_scale / input_scale).astype(np.float32),
        input_scale,
        output_scale,
        int(generator.integers(-20, 20)),
        int(generator.integers(-20, 20)),
        stride=1 if operator == "FULLY_CONNECTED" else 2 - seed % 2,
    )


def tie_layer(
    operator: str, per_channel: bool, seed: int, outputs: int = 2000, dtype: type = np.int8
) -> QuantizedLayer:
    """Return a layer whose accumulators are its biases, each next to a tie of its own scale.

    Every input is the zero point. Per channel, each scale is chosen from its bias so that the
    scaled accumulator is within a few float32 ulps of half a code, on it in some; there all
    arithmetics part. With one scale for all, the biases are the integers nearest to ties.
    """
    generator = np.random.default_rng(seed)
    input_scale, output_scale = (float(s) for s in generator.uniform(0.01, 0.1, 2))
    limits = np.iinfo(dtype)
    wide = dtype is np.int16
    ties = generator.integers(limits.min, limits.max, outputs) + 0.5
    if per_channel:
        bias = np.rint(
            2.0 ** generator.uniform(*((4, 36) if wide else (0, 29)), outputs)
        ) * np.sign(ties)
        # A third are exact ties: powers of two in the scales, halves of odd numbers times 2**n.
        power = 2.0 ** generator.integers(0, 21, outputs)
        exact = np.arange(outputs) % 3 == 0
        bias = np.where(exact, ties * 2 * power, bias)
        ratio = ties / bias
        weight_scale = (ratio * output_scale / input_scale).astype(np.float32)
        ulps = generator.integers(-2, 3, outputs)
        for step in range(2):
            away = weight_scale * (1 + 0.5 * np.sign(ulps)).astype(np.float32)
            moved = np.nextafter(weight_scale, away)
            weight_scale = np.where(np.abs(ulps) > step, moved, weight_scale)
        if seed % 2:
            input_scale = output_scale = 0.0625
            weight_scale = np.where(exact, ratio, weight_scale).astype(np.float32)
    else:
        weight_scale = np.array([2.0 ** generator.uniform(-23, -20)], dtype=np.float32)
        bias = np.rint(ties * output_scale / input_scale / weight_scale)
    shapes = {
        "CONV_2D": ((1, 1, 1, 4), (outputs, 1, 1, 4)),
        "DEPTHWISE_CONV_2D": ((1, 1, 1, outputs), (1, 1, 1, outputs)),
        "FULLY_CONNECTED": ((1, 4), (outputs, 4)),
    }
    input_shape, weight_shape = shapes[operator]
    zero_point = 0 if wide else 7  # 16-bit activations are symmetric.
    return QuantizedLayer(
        operator,
        "NONE",
        np.full(input_shape, zero_point, dtype=dtype),
        generator.integers(-127, 128, weight_shape, dtype=np.int8),
        bias.astype(np.int64 if wide else np.int32),
        weight_scale,
        input_scale,
        output_scale,
        input_zero_point=zero_point,
        output_zero_point=0,
    )
