"""Small .tflite models, one for each operator and option that the importer takes.

``python -m tests.support.tflite_fixtures FOLDER`` writes them as files.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.support.tflite_builder import TENSOR_TYPES, TfliteBuilder

IMAGE = (1, 7, 6, 4)
VECTOR = (1, 24)
EVERY_CODE = (1, 256)

LITERT, MICRO, XNNPACK = "litert", "tflite-micro", "xnnpack"


class FixtureBuilder(TfliteBuilder):
    """A builder with default scales and zero points; seeds other than 0 vary them."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = np.random.default_rng(seed)
        stretch = 3.0 ** self.random.uniform(-1, 1) if seed else 1.0
        self._scale = {
            dtype: float(np.float32(scale * stretch))
            for dtype, scale in (
                (np.int8, 0.07),
                (np.uint8, 0.07),
                (np.int16, 0.0003),
                (np.int32, 2e-7),
            )
        }
        zero_point = int(self.random.integers(-128, 98)) if seed else -11
        self._zero_point: dict[Any, int] = {np.int8: zero_point, np.uint8: zero_point + 128}
        self._zero_point |= {np.int16: 0, np.int32: 0}

    def scale(self, dtype: Any) -> float:
        """Return the scale that activations have unless another is given."""
        return self._scale[dtype]

    def zero_point(self, dtype: Any) -> int:
        """Return the zero point that activations have unless another is given."""
        return self._zero_point[dtype]

    def activation(
        self,
        name: str,
        dtype: Any,
        shape: tuple[int, ...],
        scale: float | None = None,
        zero_point: int | None = None,
    ) -> int:
        """Add an activation tensor and return its index."""
        scale = self.scale(dtype) if scale is None else scale
        zero_point = self.zero_point(dtype) if zero_point is None else zero_point
        return self.tensor(name, dtype, shape, scale, zero_point)

    def weights(
        self, shape: tuple[int, ...], kind: str = "int8", per_channel: bool = True, axis: int = 0
    ) -> tuple[int, Any]:
        """Add random weights; return their index and scales."""
        scale = self.random.uniform(0.002, 0.01, shape[axis] if per_channel else 1)
        scale = scale.astype(np.float32)
        if kind == "uint8":
            codes = self.random.integers(0, 256, shape).astype(np.uint8)
            return self.constant("w", codes, scale, 131), scale
        if kind == "int4":
            narrow = self.random.integers(-7, 8, shape)
            padded = np.zeros(narrow.size + narrow.size % 2, np.int64)
            padded[: narrow.size] = narrow.reshape(-1)
            even = padded & 15
            packed = (even[::2] | even[1::2] << 4).astype(np.uint8).tobytes()
            index = self.tensor(
                "w", np.int8, shape, scale * 16, axis=axis, tensor_type=schema.TensorType.INT4,
                buffer=packed,
            )  # fmt: skip
            return index, scale * 16
        codes = self.random.integers(-127, 128, shape).astype(np.int8)
        return self.constant("w", codes, scale, axis=axis), scale

    def bias(self, outputs: int, dtype: Any, input_scale: float, scale: Any) -> int:
        """Add a random bias and return its index."""
        codes = self.random.integers(-3000, 3000, outputs).astype(dtype)
        return self.constant("b", codes, np.float32(input_scale) * scale)


@dataclass(frozen=True)
class Fixture:
    """A model, and the profiles whose runtime can run it."""

    make: Callable[[FixtureBuilder], bytes]
    profiles: tuple[str, ...]

    def model(self, seed: int = 0) -> bytes:
        """Return the model; seeds other than 0 have other weights and scales."""
        return self.make(FixtureBuilder(seed))


FIXTURES: dict[str, Fixture] = {}

_NOT_MICRO = (LITERT, XNNPACK)


def _fixture(title: str, /, *profiles: str, **parameters: Any) -> Callable[..., Any]:
    """Register a function of parameters as a fixture; stackable."""

    def register(make: Callable[..., bytes]) -> Callable[..., bytes]:
        assert title not in FIXTURES
        FIXTURES[title] = Fixture(partial(make, **parameters), profiles or (LITERT, MICRO, XNNPACK))
        return make

    return register


def activation(code: str) -> int:
    return int(getattr(schema.ActivationFunctionType, code))


@_fixture("conv")
@_fixture("conv, relu", fused="RELU")
@_fixture("conv, relu6", fused="RELU6", output_scale=0.03)
@_fixture("conv, relu -1 to 1", fused="RELU_N1_TO_1", output_scale=0.03)
@_fixture("conv, per tensor", per_channel=False)
@_fixture("conv, valid", padding="VALID")
@_fixture("conv, stride 2 by 3", stride=(2, 3))
@_fixture("conv, stride 2, valid", stride=(2, 2), padding="VALID")
@_fixture("conv, dilation", dilation=(2, 1))
@_fixture("conv, 1 by 1", size=(1, 1))
@_fixture("conv, groups", groups=2)
@_fixture("conv, no bias", MICRO, bias=None)
@_fixture("conv, int4", LITERT, MICRO, kind="int4")
@_fixture("conv, uint8", *_NOT_MICRO, dtype=np.uint8, kind="uint8", per_channel=False)
@_fixture("conv, int16", dtype=np.int16, bias=np.int64)
@_fixture("conv, int16, relu", dtype=np.int16, bias=np.int64, fused="RELU")
@_fixture("conv, int16, int32 bias", LITERT, MICRO, dtype=np.int16)
def convolution(
    builder: FixtureBuilder,
    dtype: Any = np.int8,
    kind: str = "int8",
    per_channel: bool = True,
    bias: Any = np.int32,
    fused: str = "NONE",
    padding: str = "SAME",
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    size: tuple[int, int] = (3, 2),
    groups: int = 1,
    output_scale: float | None = None,
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    w, scale = builder.weights((6, *size, 4 // groups), kind, per_channel, 0)
    inputs = [x, w] if bias is None else [x, w, builder.bias(6, bias, builder.scale(dtype), scale)]
    y = builder.activation(
        "y", dtype, (1, *_output_size(size, stride, dilation, padding), 6), output_scale
    )
    builder.operator(
        "CONV_2D", inputs, [y], "Conv2DOptions", version=3,
        padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
        fusedActivationFunction=activation(fused),
        quantizedBiasType=TENSOR_TYPES[np.dtype(bias or np.int32)],
    )  # fmt: skip
    return builder.build([x], [y])


def _output_size(
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: str,
    image: tuple[int, ...] = IMAGE,
) -> tuple[int, int]:
    rows = []
    for axis in (0, 1):
        reach = (size[axis] - 1) * dilation[axis] + 1
        shrink = reach - 1 if padding == "VALID" else 0
        rows.append(-(-(image[axis + 1] - shrink) // stride[axis]))
    return rows[0], rows[1]


@_fixture("negated in real numbers", functions=("NEG",))
@_fixture("limited in real numbers", functions=("RELU6", "NEG", "ABS"))
@_fixture("requantized by real numbers", LITERT, MICRO, functions=())
@_fixture("int16, negated in real numbers", LITERT, MICRO, functions=("NEG",), dtype=np.int16)
def in_reals(builder: FixtureBuilder, functions: tuple[str, ...], dtype: Any = np.int8) -> bytes:
    x = builder.activation("x", dtype, EVERY_CODE)
    real = builder.tensor("real", np.float32, EVERY_CODE)
    builder.operator("DEQUANTIZE", [x], [real], version=2)
    for number, function in enumerate(functions):
        given, real = real, builder.tensor(f"real{number}", np.float32, EVERY_CODE)
        options = {"NEG": "NegOptions", "ABS": "AbsOptions"}.get(function)
        builder.operator(function, [given], [real], options)
    y = builder.activation(
        "y", dtype, EVERY_CODE, builder.scale(dtype) * 0.5, 17 if dtype is np.int8 else 0
    )
    builder.operator("QUANTIZE", [real], [y], version=2)
    return builder.build([x], [y])


@_fixture("batch matmul")
@_fixture("batch matmul, queries and keys", first=(1, 3, 5, 4), second=(1, 3, 7, 4), turned=(0, 1))
@_fixture("batch matmul, values", first=(1, 3, 5, 7), second=(1, 3, 7, 4))
@_fixture("batch matmul, both turned", first=(1, 4, 5), second=(1, 6, 4), turned=(1, 1))
@_fixture("batch matmul, one repeated", first=(1, 3, 5, 7), second=(1, 1, 7, 4))
@_fixture("batch matmul, fewer dimensions", LITERT, XNNPACK, first=(1, 1, 5, 7), second=(1, 7, 4))
@_fixture("batch matmul, constant", constant=True)
@_fixture("batch matmul, int16", LITERT, MICRO, dtype=np.int16)
def batch_mat_mul(
    builder: FixtureBuilder,
    dtype: Any = np.int8,
    first: tuple[int, ...] = (1, 5, 6),
    second: tuple[int, ...] = (1, 6, 7),
    turned: tuple[int, int] = (0, 0),
    constant: bool = False,
) -> bytes:
    x = builder.activation("x", dtype, first)
    scale, zero_point = builder.scale(dtype) * 0.7, 9 if dtype == np.int8 else 0
    if constant:
        codes = builder.random.integers(-128, 128, second).astype(dtype)
        w = builder.constant("w", codes, scale, zero_point)
    else:
        w = builder.activation("w", dtype, second, scale, zero_point)
    rows = first[-1] if turned[0] else first[-2]
    columns = second[-2] if turned[1] else second[-1]
    outer = np.broadcast_shapes(first[:-2], second[:-2])
    y = builder.activation("y", dtype, (*outer, rows, columns), builder.scale(dtype) * 8)
    builder.operator(
        "BATCH_MATMUL", [x, w], [y], "BatchMatMulOptions", version=3 if dtype == np.int16 else 2,
        adjX=bool(turned[0]), adjY=bool(turned[1]),
    )  # fmt: skip
    return builder.build([x] if constant else [x, w], [y])


@_fixture("depthwise")
@_fixture("depthwise, relu6", fused="RELU6", output_scale=0.02)
@_fixture("depthwise, multiplier 2", multiplier=2)
@_fixture("depthwise, stride 2, valid", stride=(2, 2), padding="VALID")
@_fixture("depthwise, dilation", dilation=(1, 2))
@_fixture("depthwise, per tensor", per_channel=False)
@_fixture("depthwise, int4", LITERT, MICRO, kind="int4")
@_fixture("depthwise, uint8", *_NOT_MICRO, dtype=np.uint8, kind="uint8", per_channel=False)
@_fixture("depthwise, int16", dtype=np.int16, bias=np.int64)
def depthwise(
    builder: FixtureBuilder,
    dtype: Any = np.int8,
    kind: str = "int8",
    per_channel: bool = True,
    bias: Any = np.int32,
    fused: str = "NONE",
    padding: str = "SAME",
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    multiplier: int = 1,
    output_scale: float = 0.07,
    image: tuple[int, ...] = IMAGE,
) -> bytes:
    outputs = image[-1] * multiplier
    x = builder.activation("x", dtype, image)
    w, scale = builder.weights((1, 3, 3, outputs), kind, per_channel, 3)
    b = builder.bias(outputs, bias, builder.scale(dtype), scale)
    size = _output_size((3, 3), stride, dilation, padding, image)
    y = builder.activation(
        "y", dtype, (1, *size, outputs), output_scale * builder.scale(dtype) / 0.07
    )
    builder.operator(
        "DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2DOptions", version=3,
        padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
        fusedActivationFunction=activation(fused),
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("dense")
@_fixture("dense, per channel", per_channel=True)
@_fixture("dense, relu", fused="RELU")
@_fixture("dense, no bias", bias=None)
@_fixture("dense, int4", kind="int4")
@_fixture("dense, int4 per channel", *_NOT_MICRO, kind="int4", per_channel=True)
@_fixture("dense, uint8", *_NOT_MICRO, dtype=np.uint8, kind="uint8")
@_fixture("dense, int16", dtype=np.int16, bias=np.int64)
@_fixture("dense, int16 per channel", dtype=np.int16, bias=np.int64, per_channel=True)
@_fixture("dense of an image", shape=IMAGE)
@_fixture("dense of rows", shape=(1, 5, 24), keep=True)
def dense(
    builder: FixtureBuilder,
    dtype: Any = np.int8,
    kind: str = "int8",
    per_channel: bool = False,
    bias: Any = np.int32,
    fused: str = "NONE",
    shape: tuple[int, ...] = VECTOR,
    keep: bool = False,
) -> bytes:
    columns = shape[-1] if keep else int(np.prod(shape))
    x = builder.activation("x", dtype, shape)
    w, scale = builder.weights((10, columns), kind, per_channel, 0)
    inputs = [x, w, -1 if bias is None else builder.bias(10, bias, builder.scale(dtype), scale)]
    y = builder.activation("y", dtype, (*shape[:-1], 10) if keep else (1, 10))
    builder.operator(
        "FULLY_CONNECTED", inputs, [y], "FullyConnectedOptions", version=4, keepNumDims=keep,
        fusedActivationFunction=activation(fused),
        quantizedBiasType=TENSOR_TYPES[np.dtype(bias or np.int32)],
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("add", name="ADD")
@_fixture("add, relu", name="ADD", fused="RELU")
@_fixture("add, uint8", *_NOT_MICRO, name="ADD", dtype=np.uint8)
@_fixture("add, int16", LITERT, MICRO, name="ADD", dtype=np.int16)
@_fixture("sub", name="SUB")
@_fixture("sub, relu6", name="SUB", fused="RELU6", output_scale=0.02)
@_fixture("sub, uint8", *_NOT_MICRO, name="SUB", dtype=np.uint8)
@_fixture("sub, int16", name="SUB", dtype=np.int16)
@_fixture("mul", name="MUL", output_scale=0.3)
@_fixture("mul, relu", name="MUL", fused="RELU", output_scale=0.3)
@_fixture("mul, uint8", *_NOT_MICRO, name="MUL", dtype=np.uint8, output_scale=0.3)
@_fixture("mul, int16", name="MUL", dtype=np.int16, output_scale=0.002)
@_fixture("add, broadcast row", name="ADD", second=(1, 1, 1, 4))
@_fixture("mul, broadcast map", name="MUL", second=(1, 7, 6, 1), output_scale=0.3)
@_fixture("add, constant", name="ADD", second=(1, 1, 1, 4), fixed=True)
@_fixture("sub, constant of lower rank", name="SUB", second=(4,), fixed=True)
@_fixture("sub, second input without batch", name="SUB", second=(4,))
@_fixture("add, int16, default option", LITERT, MICRO, name="ADD", dtype=np.int16, powers=True)
@_fixture("sub, int16, default option", LITERT, MICRO, name="SUB", dtype=np.int16, powers=True)
@_fixture(
    "add, int16, powers of two",
    LITERT,
    MICRO,
    name="ADD",
    dtype=np.int16,
    powers=True,
    scales=(2**-15, 2**-13, 2**-13),
)
@_fixture(
    "sub, int16, powers of two",
    LITERT,
    MICRO,
    name="SUB",
    dtype=np.int16,
    powers=True,
    scales=(2**-12, 2**-14, 2**-12),
    fused="RELU",
)
@_fixture("add, scalar", name="ADD", second=(), fixed=True)
@_fixture("sub, scalar of int16", LITERT, MICRO, name="SUB", dtype=np.int16, second=(), fixed=True)
@_fixture("mul, scalar", name="MUL", second=(), fixed=True, output_scale=0.3)
@_fixture("mul, constant", name="MUL", second=(1, 7, 6, 4), fixed=True, output_scale=0.3)
def arithmetic(
    builder: FixtureBuilder,
    name: str,
    dtype: Any = np.int8,
    fused: str = "NONE",
    second: tuple[int, ...] = IMAGE,
    fixed: bool = False,
    output_scale: float | None = None,
    powers: bool = False,
    scales: tuple[float, float, float] | None = None,
) -> bytes:
    scale = builder.scale(dtype)
    if scales is None:
        scales = scale, scale * 1.7, scale * 2 if output_scale is None else output_scale
    zero_point = 0 if dtype is np.int16 else builder.zero_point(dtype) + 30
    a = builder.activation("a", dtype, IMAGE, scales[0])
    if fixed:
        codes = builder.random.integers(-128, 128, second).astype(dtype)
        b = builder.constant("b", codes, scales[1], zero_point)
    else:
        b = builder.activation("b", dtype, second, scales[1], zero_point)
    y = builder.activation("y", dtype, IMAGE, scales[2])
    options: dict[str, Any] = {"fusedActivationFunction": activation(fused)}
    if name in ("ADD", "SUB"):
        options["potScaleInt16"] = powers
    builder.operator(name, [a, b], [y], f"{name.capitalize()}Options", version=2, **options)
    return builder.build([a] if fixed else [a, b], [y])


@_fixture("maximum", name="MAXIMUM")
@_fixture("minimum", name="MINIMUM")
@_fixture("maximum, uint8", *_NOT_MICRO, name="MAXIMUM", dtype=np.uint8)
@_fixture("minimum, int16", *_NOT_MICRO, name="MINIMUM", dtype=np.int16)
@_fixture("minimum, broadcast row", name="MINIMUM", second=(1, 1, 1, 4))
@_fixture("maximum, broadcast map", name="MAXIMUM", second=(1, 7, 6, 1))
@_fixture("minimum, second input without batch", name="MINIMUM", second=(4,))
@_fixture("maximum, scalar", name="MAXIMUM", second=(), fixed=True)
@_fixture("minimum, scalar first", name="MINIMUM", second=(), fixed=True, turned=True)
@_fixture("minimum, constant", name="MINIMUM", second=(1, 1, 6, 4), fixed=True)
@_fixture("maximum of every pair", name="MAXIMUM", first=(1, 256, 1), second=(1, 1, 256))
@_fixture("minimum of every pair, uint8", *_NOT_MICRO, name="MINIMUM", dtype=np.uint8,
          first=(1, 256, 1), second=(1, 1, 256))  # fmt: skip
def extreme(
    builder: FixtureBuilder,
    name: str,
    first: tuple[int, ...] = IMAGE,
    dtype: Any = np.int8,
    second: tuple[int, ...] = IMAGE,
    fixed: bool = False,
    turned: bool = False,
) -> bytes:
    a = builder.activation("a", dtype, first)
    if fixed:
        codes = builder.random.integers(-60, 60, second).astype(dtype)
        b = builder.constant("b", codes, builder.scale(dtype), builder.zero_point(dtype))
    else:
        b = builder.activation("b", dtype, second)
    y = builder.activation("y", dtype, np.broadcast_shapes(first, second))
    operands = [b, a] if turned else [a, b]
    builder.operator(name, operands, [y], "MaximumMinimumOptions", version=2)
    return builder.build([a] if fixed else [a, b], [y])


@_fixture("prelu")
@_fixture("prelu, slopes of pixels", shape=IMAGE)
@_fixture("prelu, one slope", shape=(1,))
@_fixture("prelu, uint8", *_NOT_MICRO, dtype=np.uint8)
def prelu(
    builder: FixtureBuilder, shape: tuple[int, ...] = (1, 1, 4), dtype: Any = np.int8
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    lowest = np.iinfo(dtype).min
    codes = builder.random.integers(lowest, lowest + 256, shape).astype(dtype)
    slope = builder.constant("slope", codes, 0.011, 0 if dtype is np.int16 else lowest + 140)
    y = builder.activation("y", dtype, IMAGE, 0.06)
    builder.operator("PRELU", [x, slope], [y])
    return builder.build([x], [y])


@_fixture("squared difference", second=IMAGE)
@_fixture("squared difference of rows", second=(1, 1, 1, 4))
@_fixture("squared difference from a constant", second=(1, 7, 1, 1), fixed=True)
def squared_difference(
    builder: FixtureBuilder, second: tuple[int, ...], fixed: bool = False
) -> bytes:
    a = builder.activation("a", np.int8, IMAGE)
    if fixed:
        codes = builder.random.integers(-128, 128, second).astype(np.int8)
        b = builder.constant("b", codes, 0.04, 5)
    else:
        b = builder.activation("b", np.int8, second, 0.04, 5)
    y = builder.activation("y", np.int8, IMAGE, 0.7, -120)
    builder.operator("SQUARED_DIFFERENCE", [a, b], [y], version=2)
    return builder.build([a] if fixed else [a, b], [y])


@_fixture("div by a constant", shape=(), code=20)
@_fixture("div by a negative constant, relu", shape=(1, 1, 4), code=-1, fused="RELU")
@_fixture("div by a constant, uint8", *_NOT_MICRO, shape=(1,), code=3, dtype=np.uint8)
def division(
    builder: FixtureBuilder,
    shape: tuple[int, ...],
    code: int,
    dtype: Any = np.int8,
    fused: str = "NONE",
) -> bytes:
    a = builder.activation("a", dtype, (1, 8, 8, 4))
    b = builder.constant("b", np.full(shape, code, dtype), 0.03, 11)
    y = builder.activation("y", dtype, (1, 8, 8, 4), 0.12)
    builder.operator(
        "DIV", [a, b], [y], "DivOptions", version=2, fusedActivationFunction=activation(fused)
    )
    return builder.build([a], [y])


@_fixture(
    "dilation by batches",
    *_NOT_MICRO,
    block=(2, 3),
    padding=[[2, 3], [3, 3]],
    crops=[[0, 1], [0, 0]],
)
@_fixture("dilation by batches, depthwise", *_NOT_MICRO, block=(2, 2), padding=[[2, 3], [2, 2]],
          crops=[[0, 1], [0, 0]], depthwise=True)  # fmt: skip
@_fixture("dilation by batches, cropped", *_NOT_MICRO, block=(2, 2), padding=[[2, 1], [3, 3]],
          crops=[[1, 0], [1, 2]])  # fmt: skip
def dilated_by_batches(
    builder: FixtureBuilder,
    block: tuple[int, int],
    padding: list[list[int]],
    crops: list[list[int]],
    depthwise: bool = False,
) -> bytes:
    outputs, batches = 4 if depthwise else 6, block[0] * block[1]
    whole = [(IMAGE[n + 1] + sum(padding[n])) // block[n] for n in (0, 1)]
    x = builder.activation("x", np.int8, IMAGE)
    apart = builder.activation("apart", np.int8, (batches, *whole, 4))
    w, scale = builder.weights(
        (1, 3, 3, 4) if depthwise else (6, 3, 3, 4), axis=3 if depthwise else 0
    )
    b = builder.bias(outputs, np.int32, builder.scale(np.int8), scale)
    inside = [size - 2 for size in whole]
    made = builder.activation("made", np.int8, (batches, *inside, outputs), 0.11)
    shape = [inside[n] * block[n] - sum(crops[n]) for n in (0, 1)]
    y = builder.activation("y", np.int8, (1, *shape, outputs), 0.11)
    blocks, sizes, cut = (
        builder.constant(name, np.array(values, np.int32))
        for name, values in (("block", block), ("padding", padding), ("crops", crops))
    )
    builder.operator("SPACE_TO_BATCH_ND", [x, blocks, sizes], [apart], version=2)
    name = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    options: dict[str, Any] = {"depthMultiplier": 1} if depthwise else {}
    builder.operator(
        name, [apart, w, b], [made], f"{'DepthwiseConv2D' if depthwise else 'Conv2D'}Options",
        version=3, padding=schema.Padding.VALID, strideH=1, strideW=1, **options,
    )  # fmt: skip
    builder.operator("BATCH_TO_SPACE_ND", [made, blocks, cut], [y], version=2)
    return builder.build([x], [y])


@_fixture("bilinear", made=(15, 13))
@_fixture("bilinear, half pixel centers", made=(15, 13), halfPixelCenters=True)
@_fixture("bilinear, corners", made=(12, 17), alignCorners=True)
@_fixture("bilinear to fewer pixels", made=(3, 4))
@_fixture("bilinear to fewer pixels, half pixel centers", made=(4, 2), halfPixelCenters=True)
@_fixture("bilinear to fewer rows", made=(5, 11), alignCorners=True)
@_fixture("bilinear to one pixel", made=(1, 1), alignCorners=True)
@_fixture("bilinear of one pixel", made=(3, 2), source=(1, 1, 1, 4))
@_fixture("bilinear of the same size", made=(7, 6))
@_fixture("bilinear, int16", *_NOT_MICRO, made=(9, 13), dtype=np.int16, halfPixelCenters=True)
@_fixture("bilinear, uint8", *_NOT_MICRO, made=(13, 11), dtype=np.uint8, alignCorners=True)
@_fixture("bilinear, uint8 doubled", *_NOT_MICRO, made=(14, 12), dtype=np.uint8,
          halfPixelCenters=True)  # fmt: skip
@_fixture("bilinear, uint8, other weights", XNNPACK, made=(9, 17), dtype=np.uint8)
@_fixture("nearest by any ratio", made=(10, 13), kind="NearestNeighbor")
@_fixture("nearest by any ratio, corners", made=(9, 4), kind="NearestNeighbor", alignCorners=True)
@_fixture("nearest by any ratio, half pixel centers", made=(4, 15), kind="NearestNeighbor",
          halfPixelCenters=True)  # fmt: skip
@_fixture("nearest by any ratio, both", *_NOT_MICRO, made=(9, 11), kind="NearestNeighbor",
          halfPixelCenters=True, alignCorners=True)  # fmt: skip
@_fixture("nearest by any ratio, uint8", *_NOT_MICRO, made=(5, 8), kind="NearestNeighbor",
          dtype=np.uint8)  # fmt: skip
@_fixture("nearest by any ratio, int16", made=(8, 7), kind="NearestNeighbor", dtype=np.int16)
def resized(
    builder: FixtureBuilder,
    made: tuple[int, int],
    kind: str = "Bilinear",
    dtype: Any = np.int8,
    source: tuple[int, ...] = IMAGE,
    **options: bool,
) -> bytes:
    x = builder.activation("x", dtype, source)
    size = builder.constant("size", np.array(made, np.int32))
    y = builder.activation("y", dtype, (1, *made, source[3]))
    name = "RESIZE_BILINEAR" if kind == "Bilinear" else "RESIZE_NEAREST_NEIGHBOR"
    builder.operator(name, [x, size], [y], f"Resize{kind}Options", version=3, **options)
    return builder.build([x], [y])


@_fixture("transpose of an input", order=(0, 2, 3, 1))
@_fixture("transpose of an input, int16", order=(0, 3, 1, 2), dtype=np.int16)
@_fixture("transpose in the middle", order=(0, 3, 1, 2), before=True)
@_fixture("transpose in the middle, rows and columns", order=(0, 2, 1, 3), before=True)
@_fixture("transpose in the middle, uint8", *_NOT_MICRO, order=(0, 3, 2, 1), before=True,
          dtype=np.uint8)  # fmt: skip
@_fixture("transpose of sizes of one", order=(0, 3, 2, 1), before=True, source=(1, 1, 5, 4))
def transposed(
    builder: FixtureBuilder,
    order: tuple[int, ...],
    before: bool = False,
    dtype: Any = np.int8,
    source: tuple[int, ...] = IMAGE,
) -> bytes:
    given = x = builder.activation("x", dtype, source)
    if before:
        given = builder.activation("limited", dtype, source)
        builder.operator("RELU", [x], [given], version=2)
    permutation = builder.constant("permutation", np.array(order, np.int32))
    y = builder.activation("y", dtype, tuple(source[axis] for axis in order))
    builder.operator("TRANSPOSE", [given, permutation], [y], "TransposeOptions", version=2)
    return builder.build([x], [y])


@_fixture("shuffle of channels")
def shuffled(builder: FixtureBuilder) -> bytes:
    """Three groups of channels that are mixed, as ShuffleNet does."""
    x = builder.activation("x", np.int8, (1, 3, 2, 6))
    sizes = (1, 3, 2, 3, 2), (1, 3, 2, 2, 3), (1, 3, 2, 6)
    names = ("groups", "mixed", "y")
    groups, mixed, y = (
        builder.activation(name, np.int8, size) for name, size in zip(names, sizes, strict=True)
    )
    apart, joined = (
        builder.constant(name, np.array(sizes[number], np.int32))
        for name, number in (("apart", 0), ("joined", 2))
    )
    order = builder.constant("order", np.array([0, 1, 2, 4, 3], np.int32))
    builder.operator("RESHAPE", [x, apart], [groups])
    builder.operator("TRANSPOSE", [groups, order], [mixed], "TransposeOptions", version=4)
    builder.operator("RESHAPE", [mixed, joined], [y])
    return builder.build([x], [y])


@_fixture("gather of rows", axis=1, numbers=[4, 0, 0, 6, 5])
@_fixture("gather of channels", axis=-1, numbers=[2, 0, 3, 1])
@_fixture("gather of columns that are evenly apart", axis=2, numbers=[1, 3, 5])
@_fixture("gather of one", axis=2, numbers=3)
@_fixture("gather in two dimensions", axis=3, numbers=[[1, 0], [2, 2], [3, 0]])
@_fixture("gather, uint8", *_NOT_MICRO, axis=1, numbers=[1, 0, 5], dtype=np.uint8)
@_fixture("gather, int16", *_NOT_MICRO, axis=1, numbers=[3, 3, 1], dtype=np.int16)
def gather(builder: FixtureBuilder, axis: int, numbers: Any, dtype: Any = np.int8) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    places = np.array(numbers, np.int32)
    indices = builder.constant("indices", places)
    y = builder.activation("y", dtype, np.take(np.empty(IMAGE), places, axis).shape)
    builder.operator("GATHER", [x, indices], [y], "GatherOptions", version=2, axis=axis)
    return builder.build([x], [y])


@_fixture("pack", axis=3)
@_fixture("pack of channels", axis=-1)
@_fixture("pack of images, uint8", *_NOT_MICRO, axis=1, dtype=np.uint8)
def pack(builder: FixtureBuilder, axis: int, dtype: Any = np.int8) -> bytes:
    given = [builder.activation(name, dtype, IMAGE) for name in ("a", "b", "c")]
    shape = np.stack([np.empty(IMAGE)] * 3, axis).shape
    y = builder.activation("y", dtype, shape)
    builder.operator("PACK", given, [y], "PackOptions", version=2, valuesCount=3, axis=axis)
    return builder.build(given, [y])


@_fixture("tile", *_NOT_MICRO, times=(1, 2, 1, 3))
@_fixture("tile of columns", *_NOT_MICRO, times=(1, 1, 4, 1))
@_fixture("tile once", *_NOT_MICRO, times=(1, 1, 1, 1), dtype=np.int8)
def tile(builder: FixtureBuilder, times: tuple[int, ...], dtype: Any = np.int8) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    multiples = builder.constant("times", np.array(times, np.int32))
    y = builder.activation("y", dtype, tuple(np.multiply(IMAGE, times).tolist()))
    builder.operator("TILE", [x, multiples], [y], version=2)
    return builder.build([x], [y])


@_fixture("broadcast", source=(1, 1, 6, 1))
@_fixture("broadcast of channels", source=(1, 7, 6, 1))
@_fixture("broadcast of a row", source=(1, 1, 6, 4))
def broadcast(builder: FixtureBuilder, source: tuple[int, ...]) -> bytes:
    x = builder.activation("x", np.int8, source)
    shape = builder.constant("shape", np.array(IMAGE, np.int32))
    y = builder.activation("y", np.int8, IMAGE)
    builder.operator("BROADCAST_TO", [x, shape], [y], "BroadcastToOptions", version=3)
    return builder.build([x], [y])


@_fixture("reverse of rows", *_NOT_MICRO, axes=[1])
@_fixture("reverse of channels, int16", *_NOT_MICRO, axes=[3], dtype=np.int16)
@_fixture("reverse of columns, uint8", *_NOT_MICRO, axes=[2], dtype=np.uint8)
def reverse(builder: FixtureBuilder, axes: list[int], dtype: Any = np.int8) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    dimensions = builder.constant("axes", np.array(axes, np.int32))
    y = builder.activation("y", dtype, IMAGE)
    builder.operator("REVERSE_V2", [x, dimensions], [y], "ReverseV2Options", version=1)
    return builder.build([x], [y])


@_fixture("mirror pad, reflect", mode="REFLECT", padding=[[0, 0], [2, 1], [0, 3], [0, 0]])
@_fixture("mirror pad, symmetric", mode="SYMMETRIC", padding=[[0, 0], [7, 1], [2, 0], [1, 1]])
def mirror_pad(builder: FixtureBuilder, mode: str, padding: list[list[int]]) -> bytes:
    x = builder.activation("x", np.int8, IMAGE)
    sizes = builder.constant("sizes", np.array(padding, np.int32))
    shape = tuple(size + sum(pair) for size, pair in zip(IMAGE, padding, strict=True))
    y = builder.activation("y", np.int8, shape)
    builder.operator(
        "MIRROR_PAD", [x, sizes], [y], "MirrorPadOptions", version=2,
        mode=getattr(schema.MirrorPadMode, mode),
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("average pool", name="AVERAGE_POOL_2D")
@_fixture("average pool, valid, stride 2", name="AVERAGE_POOL_2D", padding="VALID", stride=2)
@_fixture("average pool, relu", name="AVERAGE_POOL_2D", fused="RELU")
@_fixture("average pool, uint8", *_NOT_MICRO, name="AVERAGE_POOL_2D", dtype=np.uint8)
@_fixture("average pool, int16", name="AVERAGE_POOL_2D", dtype=np.int16)
@_fixture("max pool", name="MAX_POOL_2D")
@_fixture("max pool, valid, stride 2", name="MAX_POOL_2D", padding="VALID", stride=2)
@_fixture("max pool, relu6", name="MAX_POOL_2D", fused="RELU6")
@_fixture("max pool, uint8", *_NOT_MICRO, name="MAX_POOL_2D", dtype=np.uint8)
@_fixture("max pool, int16", name="MAX_POOL_2D", dtype=np.int16)
def pooling(
    builder: FixtureBuilder,
    name: str,
    dtype: Any = np.int8,
    fused: str = "NONE",
    padding: str = "SAME",
    stride: int = 1,
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    shape = (1, *_output_size((3, 2), (stride, stride), (1, 1), padding), 4)
    y = builder.activation("y", dtype, shape)
    builder.operator(
        name, [x], [y], "Pool2DOptions", version=2, padding=getattr(schema.Padding, padding),
        strideH=stride, strideW=stride, filterHeight=3, filterWidth=2,
        fusedActivationFunction=activation(fused),
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("mean over height and width", axes=[1, 2])
@_fixture("mean over height and width, kept", axes=[2, 1], keep=True)
@_fixture("mean over width", axes=[2])
@_fixture("mean over channels", axes=[-1], keep=True)
@_fixture("mean, same scale", axes=[1, 2], keep=True, output_scale=0.07)
@_fixture("mean, int16", axes=[1, 2], dtype=np.int16, output_scale=0.00021)
@_fixture("mean, uint8", *_NOT_MICRO, axes=[1, 2], keep=True, dtype=np.uint8)
@_fixture("mean over height and channels", *_NOT_MICRO, axes=[1, 3])
@_fixture("mean over everything", *_NOT_MICRO, axes=[1, 2, 3], keep=True)
@_fixture("sum, uint8", *_NOT_MICRO, name="SUM", axes=[1, 2], dtype=np.uint8, output_scale=0.7)
@_fixture("sum over channels", MICRO, XNNPACK, name="SUM", axes=[3], output_scale=0.13)
@_fixture("sum, int16", MICRO, name="SUM", axes=[1], keep=True, dtype=np.int16, output_scale=0.002)
@_fixture("sum, same scale", MICRO, XNNPACK, name="SUM", axes=[2], output_scale=0.07)
@_fixture("largest over height and width", name="REDUCE_MAX", axes=[1, 2])
@_fixture("largest of channels", name="REDUCE_MAX", axes=[3], keep=True)
@_fixture("largest over height and channels", *_NOT_MICRO, name="REDUCE_MAX", axes=[3, 1],
          dtype=np.int16)  # fmt: skip
@_fixture("smallest over width", name="REDUCE_MIN", axes=[2])
@_fixture("smallest of channels, uint8", *_NOT_MICRO, name="REDUCE_MIN", axes=[-1], keep=True,
          dtype=np.uint8)  # fmt: skip
@_fixture("smallest of everything, int16", *_NOT_MICRO, name="REDUCE_MIN", axes=[1, 2, 3],
          dtype=np.int16)  # fmt: skip
def reduced(
    builder: FixtureBuilder,
    axes: list[int],
    keep: bool = False,
    dtype: Any = np.int8,
    output_scale: float = 0.031,
    name: str = "MEAN",
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    dimensions = builder.constant("axes", np.array(axes, dtype=np.int32))
    summed = {axis % 4 for axis in axes}
    shape = tuple(1 if i in summed else n for i, n in enumerate(IMAGE) if keep or i not in summed)
    y = builder.activation("y", dtype, shape, None if "REDUCE" in name else output_scale)
    builder.operator(name, [x, dimensions], [y], "ReducerOptions", version=2, keepDims=keep)
    return builder.build([x], [y])


@_fixture("quantize to a finer scale", output_scale=0.05)
@_fixture("quantize to a coarser scale", output_scale=0.11)
@_fixture("quantize int8 to uint8", LITERT, MICRO, output=np.uint8, output_scale=0.07)
@_fixture("quantize int8 to int16", output=np.int16, output_scale=0.001)
@_fixture("quantize int16 to int8", source=np.int16, output_scale=0.05)
@_fixture("quantize int16 to int16", source=np.int16, output=np.int16, output_scale=0.0007)
@_fixture("quantize uint8 to int8", LITERT, MICRO, source=np.uint8, output_scale=0.07)
@_fixture("quantize int16 to int32", source=np.int16, output=np.int32, output_scale=1e-7)
@_fixture("quantize int16 to a coarser int32", source=np.int16, output=np.int32, output_scale=0.02)
@_fixture("quantize int32 to int16", source=np.int32, output=np.int16, output_scale=0.005)
@_fixture("quantize int32 to int8", source=np.int32, output_scale=1.3)
def quantize(
    builder: FixtureBuilder,
    source: Any = np.int8,
    output: Any = np.int8,
    output_scale: float = 0.05,
) -> bytes:
    x = builder.activation("x", source, EVERY_CODE)
    y = builder.activation("y", output, EVERY_CODE, output_scale)
    builder.operator("QUANTIZE", [x], [y], version=2)
    return builder.build([x], [y])


@_fixture("relu", name="RELU")
@_fixture("relu, other scale", name="RELU", output_scale=0.05)
@_fixture("relu, uint8", *_NOT_MICRO, name="RELU", dtype=np.uint8, output_scale=0.05)
@_fixture("relu, int16", name="RELU", dtype=np.int16)
@_fixture("relu6", name="RELU6")
@_fixture("relu6, other scale", name="RELU6", output_scale=0.05)
@_fixture("relu -1 to 1", *_NOT_MICRO, name="RELU_N1_TO_1")
@_fixture("relu 0 to 1", *_NOT_MICRO, name="RELU_0_TO_1")
@_fixture("logistic", name="LOGISTIC", output_scale=1 / 256, zero_point=-128)
@_fixture(
    "logistic, uint8", *_NOT_MICRO, name="LOGISTIC", dtype=np.uint8, output_scale=1 / 256,
    zero_point=0,
)  # fmt: skip
@_fixture("tanh", name="TANH", output_scale=1 / 128, zero_point=0)
@_fixture(
    "tanh, uint8", *_NOT_MICRO, name="TANH", dtype=np.uint8, output_scale=1 / 128,
    zero_point=128,
)  # fmt: skip
@_fixture("hard swish", name="HARD_SWISH", output_scale=0.05)
@_fixture("hard swish, uint8", *_NOT_MICRO, name="HARD_SWISH", dtype=np.uint8)
@_fixture("elu", MICRO, XNNPACK, name="ELU")
@_fixture("abs", name="ABS")
@_fixture("abs, other scale", name="ABS", output_scale=0.05)
@_fixture("abs, int16", name="ABS", dtype=np.int16, output_scale=0.00021)
@_fixture("neg", *_NOT_MICRO, name="NEG", source_zero_point=0, zero_point=0)
@_fixture("neg, int16", *_NOT_MICRO, name="NEG", dtype=np.int16)
@_fixture("sqrt", *_NOT_MICRO, name="SQRT", source_zero_point=-128, output_scale=0.017)
@_fixture("rsqrt", name="RSQRT", source_zero_point=-128, output_scale=0.031)
@_fixture("exp", *_NOT_MICRO, name="EXP", output_scale=0.1)
@_fixture("exp, int16", *_NOT_MICRO, name="EXP", dtype=np.int16, output_scale=0.0007)
@_fixture("log", *_NOT_MICRO, name="LOG", output_scale=0.02)
@_fixture("log, int16", *_NOT_MICRO, name="LOG", dtype=np.int16)
@_fixture("gelu", *_NOT_MICRO, name="GELU", options={"approximate": False})
@_fixture("gelu by tanh", *_NOT_MICRO, name="GELU", options={"approximate": True})
@_fixture("gelu, uint8", *_NOT_MICRO, name="GELU", dtype=np.uint8, options={"approximate": True})
@_fixture("gelu, int16", *_NOT_MICRO, name="GELU", dtype=np.int16, options={"approximate": False})
@_fixture("logistic, int16", name="LOGISTIC", dtype=np.int16, output_scale=2**-15)
@_fixture("tanh, int16", name="TANH", dtype=np.int16, output_scale=2**-15)
@_fixture("logistic, int16, power of two", LITERT, MICRO, name="LOGISTIC", dtype=np.int16,
          source_scale=2**-12, output_scale=2**-15)  # fmt: skip
@_fixture("tanh, int16, power of two", LITERT, MICRO, name="TANH", dtype=np.int16,
          source_scale=2**-11, output_scale=2**-15)  # fmt: skip
@_fixture("leaky relu", name="LEAKY_RELU", output_scale=0.05, alpha=0.1)
@_fixture("leaky relu, uint8", *_NOT_MICRO, name="LEAKY_RELU", dtype=np.uint8, alpha=0.1)
@_fixture("leaky relu, int16", name="LEAKY_RELU", dtype=np.int16, alpha=0.3)
def function(
    builder: FixtureBuilder,
    name: str,
    dtype: Any = np.int8,
    output_scale: float | None = None,
    zero_point: int | None = None,
    alpha: float | None = None,
    source_scale: float | None = None,
    source_zero_point: int | None = None,
    options: dict[str, Any] | None = None,
) -> bytes:
    x = builder.activation("x", dtype, EVERY_CODE, source_scale, source_zero_point)
    y = builder.activation("y", dtype, EVERY_CODE, output_scale, zero_point)
    if options is not None:
        builder.operator(name, [x], [y], f"{name.capitalize()}Options", version=2, **options)
    elif alpha is None:
        first = ("ELU", "HARD_SWISH", "NEG", "RELU_N1_TO_1", "RELU_0_TO_1")
        builder.operator(name, [x], [y], version=1 if name in first else 2)
    else:
        builder.operator(name, [x], [y], "LeakyReluOptions", version=2, alpha=alpha)
    return builder.build([x], [y])


@_fixture("sqrt, int16", *_NOT_MICRO, name="SQRT", output_scale=0.0005)
@_fixture("rsqrt, int16", name="RSQRT", output_scale=0.0013)
def function_of_positive(builder: FixtureBuilder, name: str, output_scale: float) -> bytes:
    """Let no code below zero reach a function that kernels refuse for them."""
    x = builder.activation("x", np.int16, EVERY_CODE)
    positive = builder.activation("positive", np.int16, EVERY_CODE)
    builder.operator("RELU", [x], [positive], version=2)
    y = builder.activation("y", np.int16, EVERY_CODE, output_scale)
    builder.operator(name, [positive], [y], version=2)
    return builder.build([x], [y])


@_fixture("softmax")
@_fixture("softmax, beta", beta=2.5)
@_fixture("softmax, coarse input", input_scale=0.9)
@_fixture("softmax, fine input", input_scale=0.002)
@_fixture("softmax of rows", shape=(1, 3, 2, 10))
@_fixture("softmax, uint8", *_NOT_MICRO, dtype=np.uint8)
@_fixture("softmax to int16", LITERT, MICRO, output=np.int16)
@_fixture("softmax, int16", dtype=np.int16, input_scale=3e-4)
@_fixture("softmax, int16, beta", dtype=np.int16, input_scale=1.1e-4, beta=0.7)
@_fixture("softmax, int16, coarse input", dtype=np.int16, input_scale=0.01)
@_fixture("softmax, int16, fine input", dtype=np.int16, input_scale=1e-5)
@_fixture("softmax of rows, int16", dtype=np.int16, input_scale=5e-4, shape=(1, 3, 2, 10))
def softmax(
    builder: FixtureBuilder,
    dtype: Any = np.int8,
    output: Any = None,
    input_scale: float = 0.09,
    beta: float = 1.0,
    shape: tuple[int, ...] = VECTOR,
) -> bytes:
    output = output or dtype
    x = builder.activation("x", dtype, shape, input_scale)
    limits = np.iinfo(output)
    if dtype is np.int16:
        y = builder.activation("y", output, shape, 2.0**-15, 0)
    else:
        y = builder.activation("y", output, shape, 2.0**-limits.bits, limits.min)
    builder.operator("SOFTMAX", [x], [y], "SoftmaxOptions", version=2, beta=beta)
    return builder.build([x], [y])


@_fixture("argmax", dtype=np.int32)
@_fixture("argmax, int64", *_NOT_MICRO, dtype=np.int64, axis=-1)
def arg_max(builder: FixtureBuilder, dtype: Any, axis: int = 1) -> bytes:
    x = builder.activation("x", np.int8, VECTOR)
    dimension = builder.constant("axis", np.array(axis, dtype=np.int32))
    y = builder.tensor("y", dtype, (1,))
    builder.operator(
        "ARG_MAX", [x, dimension], [y], "ArgMaxOptions", version=2,
        outputType=TENSOR_TYPES[np.dtype(dtype)],
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("reshape", name="RESHAPE", shape=(1, 14, 12), operand=[1, 14, 12])
@_fixture("transpose of a size of one", name="TRANSPOSE", shape=(1, 7, 4, 1, 6),
          operand=[0, 1, 4, 2, 3], source=(1, 7, 1, 6, 4))  # fmt: skip
@_fixture("expand dims", name="EXPAND_DIMS", shape=(1, 7, 6, 1, 4), operand=[3])
@_fixture("pad", name="PAD", shape=(1, 10, 7, 4), operand=[[0, 0], [1, 2], [0, 1], [0, 0]])
def moved(
    builder: FixtureBuilder,
    name: str,
    shape: tuple[int, ...],
    operand: Any,
    source: tuple[int, ...] = IMAGE,
) -> bytes:
    x = builder.activation("x", np.int8, source)
    o = builder.constant("operand", np.array(operand, dtype=np.int32))
    if name == "TRANSPOSE":  # Any order but this one would really move codes.
        shape, permutation = (1, 1, 7, 6, 4), [0, 2, 1, 3, 4]
        o = builder.constant("permutation", np.array(permutation, dtype=np.int32))
    y = builder.activation("y", np.int8, shape)
    builder.operator(name, [x, o], [y], version=1)
    return builder.build([x], [y])


@_fixture("squeeze")
def squeeze(builder: FixtureBuilder) -> bytes:
    x = builder.activation("x", np.int8, (1, 7, 1, 4))
    y = builder.activation("y", np.int8, (1, 7, 4))
    builder.operator("SQUEEZE", [x], [y], "SqueezeOptions", squeezeDims=[2])
    return builder.build([x], [y])


@_fixture("pad with another code")
def pad_with_code(builder: FixtureBuilder) -> bytes:
    x = builder.activation("x", np.int8, IMAGE)
    sizes = builder.constant("sizes", np.array([[0, 0], [1, 2], [0, 1], [0, 3]], dtype=np.int32))
    code = builder.constant(
        "code", np.array([55], dtype=np.int8), builder.scale(np.int8), builder.zero_point(np.int8)
    )
    y = builder.activation("y", np.int8, (1, 10, 7, 7))
    builder.operator("PADV2", [x, sizes, code], [y], "PadV2Options", version=2)
    return builder.build([x], [y])


@_fixture("concat, channels", axis=-1)
@_fixture("concat, rows", axis=1)
@_fixture("concat, int16", axis=3, dtype=np.int16)
@_fixture("concat, uint8 of other scales", *_NOT_MICRO, axis=3, dtype=np.uint8, second_scale=0.05)
def concat(
    builder: FixtureBuilder, axis: int, dtype: Any = np.int8, second_scale: float | None = None
) -> bytes:
    a = builder.activation("a", dtype, IMAGE)
    b = builder.activation("b", dtype, IMAGE, second_scale)
    shape = tuple(n * (1 + (i == axis % 4)) for i, n in enumerate(IMAGE))
    y = builder.activation("y", dtype, shape)
    builder.operator("CONCATENATION", [a, b], [y], "ConcatenationOptions", version=2, axis=axis)
    return builder.build([a, b], [y])


@_fixture("strided slice", index=np.s_[:, 2:7:2, :-1, 1:])
@_fixture("strided slice, int16", index=np.s_[:, -3:, :, ::3], dtype=np.int16)
@_fixture("strided slice, uint8", LITERT, XNNPACK, index=np.s_[:, 1:4], dtype=np.uint8)
@_fixture("strided slice that drops a dimension", *_NOT_MICRO, index=np.s_[:, 3, 1:5:3])
@_fixture("strided slice of a single element", *_NOT_MICRO, index=np.s_[:, 5:4:-1, -1, 2:3])
@_fixture("strided slice that turns rows", *_NOT_MICRO, index=np.s_[:, ::-1, 1:3])
@_fixture("strided slice that turns columns", *_NOT_MICRO, index=np.s_[:, 1:5:2, 4:0:-2, ::-1])
@_fixture("strided slice that turns and drops", *_NOT_MICRO, index=np.s_[:, 5:1:-1, 2])
@_fixture("strided slice with an ellipsis", *_NOT_MICRO, index=np.s_[..., 1:3])
@_fixture("strided slice with new dimensions", *_NOT_MICRO, index=np.s_[:, None, 2:, ..., None])
@_fixture("strided slice of everything", index=np.s_[:, :, :, :])
def strided_slice(builder: FixtureBuilder, index: tuple[Any, ...], dtype: Any = np.int8) -> bytes:
    """Take what numpy takes with the same index."""
    shape = np.empty(IMAGE)[index].shape
    masks = dict.fromkeys(
        ("beginMask", "endMask", "ellipsisMask", "newAxisMask", "shrinkAxisMask"), 0
    )
    bounds: list[tuple[int, int, int]] = []
    for place, item in enumerate(index):
        begin, end, stride = 0, 1, 1
        match item:
            case None:
                masks["newAxisMask"] |= 1 << place
            case int():
                masks["shrinkAxisMask"] |= 1 << place
                begin, end = item, item + 1
            case slice():
                masks["beginMask"] |= (item.start is None) << place
                masks["endMask"] |= (item.stop is None) << place
                begin, end, stride = item.start or 0, item.stop or 0, item.step or 1
            case _:
                masks["ellipsisMask"] |= 1 << place
        bounds.append((begin, end, stride))
    x = builder.activation("x", dtype, IMAGE)
    names = zip(("begin", "end", "stride"), zip(*bounds, strict=True), strict=True)
    operands = [builder.constant(name, np.array(each, np.int32)) for name, each in names]
    y = builder.activation("y", dtype, shape)
    builder.operator(
        "STRIDED_SLICE", [x, *operands], [y], "StridedSliceOptions", version=4, **masks
    )
    return builder.build([x], [y])


@_fixture("random strided slices", *_NOT_MICRO)
def random_strided_slices(builder: FixtureBuilder) -> bytes:
    random = builder.random
    index: list[Any] = [slice(None)]
    for length in IMAGE[1:]:
        begin, end = sorted(random.choice(length + 1, 2, replace=False).tolist())
        lowest, highest = begin - length, end - length if end < length else None
        match int(random.integers(5)):
            case 0:
                index.append(slice(begin, end, int(random.integers(1, 4))))
            case 1:
                index.append(slice(lowest, highest, int(random.integers(1, 3))))
            case 2:
                index.append(slice(begin - 30 if begin == 0 else begin, end + 30))
            case 3 if None not in index:
                index += [None, slice(None, end)]
            case _:
                index.append(begin if random.integers(2) else lowest)
    return strided_slice(builder, tuple(index))


@_fixture("slice", begin=[0, 1, 2, 0], size=[1, 4, -1, 3])
@_fixture("slice, int16", begin=[0, 0, 0, 1], size=[-1, 7, 6, 2], dtype=np.int16)
@_fixture("slice, uint8", *_NOT_MICRO, begin=[0, 6, 0, 0], size=[1, 1, 6, 4], dtype=np.uint8)
def plain_slice(
    builder: FixtureBuilder, begin: list[int], size: list[int], dtype: Any = np.int8
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    operands = [
        builder.constant(name, np.array(values, np.int32))
        for name, values in (("begin", begin), ("size", size))
    ]
    taken = zip(begin, size, IMAGE, strict=True)
    shape = tuple(length - first if count < 0 else count for first, count, length in taken)
    y = builder.activation("y", dtype, shape)
    builder.operator("SLICE", [x, *operands], [y], "SliceOptions", version=3)
    return builder.build([x], [y])


@_fixture("split", axis=2, parts=3)
@_fixture("split, int16", axis=-1, parts=2, dtype=np.int16)
@_fixture("split to one", axis=1, parts=1)
def split(builder: FixtureBuilder, axis: int, parts: int, dtype: Any = np.int8) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    dimension = builder.constant("axis", np.array(axis, np.int32))
    shape = tuple(n // (parts if i == axis % 4 else 1) for i, n in enumerate(IMAGE))
    made = [builder.activation(f"y{n}", dtype, shape) for n in range(parts)]
    builder.operator("SPLIT", [dimension, x], made, "SplitOptions", version=2, numSplits=parts)
    return builder.build([x], made)


@_fixture("split by sizes", axis=1, sizes=[2, 4, 1])
@_fixture("split by sizes, int16", axis=3, sizes=[3, 1], dtype=np.int16)
@_fixture("split with the rest", *_NOT_MICRO, axis=-2, sizes=[1, -1, 2])
def split_by_sizes(
    builder: FixtureBuilder, axis: int, sizes: list[int], dtype: Any = np.int8
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    operands = [
        builder.constant("sizes", np.array(sizes, np.int32)),
        builder.constant("axis", np.array(axis, np.int32)),
    ]
    rest = IMAGE[axis] - sum(size for size in sizes if size > 0)
    made = []
    for number, size in enumerate(sizes):
        shape = list(IMAGE)
        shape[axis] = rest if size < 0 else size
        made.append(builder.activation(f"y{number}", dtype, tuple(shape)))
    builder.operator(
        "SPLIT_V", [x, *operands], made, "SplitVOptions", version=2, numSplits=len(sizes)
    )
    return builder.build([x], made)


@_fixture("unpack", axis=2)
@_fixture("unpack of channels", axis=-1)
def unpack(builder: FixtureBuilder, axis: int) -> bytes:
    x = builder.activation("x", np.int8, IMAGE)
    shape = tuple(n for i, n in enumerate(IMAGE) if i != axis % 4)
    made = [builder.activation(f"y{n}", np.int8, shape) for n in range(IMAGE[axis])]
    builder.operator("UNPACK", [x], made, "UnpackOptions", version=2, num=IMAGE[axis], axis=axis)
    return builder.build([x], made)


@_fixture("transpose conv", made=(14, 12))
@_fixture("transpose conv, valid", padding="VALID", made=(15, 13))
@_fixture("transpose conv, no bias", padding="VALID", made=(15, 13), bias=None)
@_fixture("transpose conv, stride 3 by 1", size=(2, 5), stride=(3, 1), made=(21, 6))
@_fixture("transpose conv, window smaller than stride", size=(1, 2), stride=(2, 3), made=(14, 18))
@_fixture("transpose conv, uint8", *_NOT_MICRO, dtype=np.uint8, kind="uint8", made=(14, 12),
          per_channel=False)  # fmt: skip
@_fixture("transpose conv, relu", *_NOT_MICRO, made=(14, 12), fused="RELU")
@_fixture("transpose conv, per tensor", made=(13, 11), per_channel=False)
@_fixture("transpose conv, int16", LITERT, MICRO, dtype=np.int16, made=(14, 12), bias=np.int64)
@_fixture("transpose conv, int16, no bias", LITERT, MICRO, dtype=np.int16, made=(14, 12), bias=None)
def transpose_convolution(
    builder: FixtureBuilder,
    made: tuple[int, int],
    size: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (2, 2),
    padding: str = "SAME",
    dtype: Any = np.int8,
    bias: Any = np.int32,
    fused: str = "NONE",
    per_channel: bool = True,
    kind: str = "int8",
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    shape = (1, *made, 5)
    operands = [builder.constant("shape", np.array(shape, np.int32))]
    weight, scale = builder.weights((5, *size, IMAGE[3]), kind, per_channel)
    operands += [weight, x]
    if bias is not None:
        operands.append(builder.bias(5, bias, builder.scale(dtype), scale))
    y = builder.activation("y", dtype, shape)
    builder.operator(
        "TRANSPOSE_CONV", operands, [y], "TransposeConvOptions", version=4,
        padding=getattr(schema.Padding, padding), strideH=stride[0], strideW=stride[1],
        fusedActivationFunction=activation(fused),
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("resize nearest", made=(14, 18))
@_fixture("resize nearest, half pixels", made=(21, 6), halfPixelCenters=True)
@_fixture("resize nearest, smaller", made=(1, 3), halfPixelCenters=True)
@_fixture("resize nearest, corners", made=(4, 6), alignCorners=True)
@_fixture("resize nearest, int16", made=(7, 12), dtype=np.int16)
def resize_nearest(
    builder: FixtureBuilder, made: tuple[int, int], dtype: Any = np.int8, **options: bool
) -> bytes:
    x = builder.activation("x", dtype, IMAGE)
    size = builder.constant("size", np.array(made, np.int32))
    y = builder.activation("y", dtype, (1, *made, IMAGE[3]))
    builder.operator(
        "RESIZE_NEAREST_NEIGHBOR", [x, size], [y], "ResizeNearestNeighborOptions", version=3,
        **options,
    )  # fmt: skip
    return builder.build([x], [y])


@_fixture("depth to space", name="DEPTH_TO_SPACE", source=(1, 3, 4, 12), made=(1, 6, 8, 3))
@_fixture("space to depth", name="SPACE_TO_DEPTH", source=(1, 6, 9, 2), made=(1, 2, 3, 18), block=3)
def blocks(
    builder: FixtureBuilder,
    name: str,
    source: tuple[int, ...],
    made: tuple[int, ...],
    block: int = 2,
) -> bytes:
    x = builder.activation("x", np.int8, source)
    y = builder.activation("y", np.int8, made)
    table = {"DEPTH_TO_SPACE": "DepthToSpaceOptions", "SPACE_TO_DEPTH": "SpaceToDepthOptions"}
    builder.operator(name, [x], [y], table[name], blockSize=block)
    return builder.build([x], [y])


@_fixture("network of 16-bit codes", LITERT, MICRO)
def network16(builder: FixtureBuilder) -> bytes:
    """Convolution, residual addition, pooling, dense and softmax, all 16x8."""
    generator = builder.random
    x = builder.activation("x", np.int16, (1, 6, 6, 3), 0.0004)

    def parameters(name: str, shape: tuple[int, ...], source_scale: float) -> list[int]:
        scale = generator.uniform(0.002, 0.01, shape[0]).astype(np.float32)
        codes = generator.integers(-127, 128, shape).astype(np.int8)
        bias = generator.integers(-300000, 300000, shape[0]).astype(np.int64)
        b = builder.constant(f"{name}/b", bias, np.float32(source_scale) * scale)
        return [builder.constant(f"{name}/w", codes, scale), b]

    def convolved(source: int, name: str, source_scale: float, channels: int, fused: str) -> int:
        y = builder.activation(name, np.int16, (1, 6, 6, 4), 0.0005)
        builder.operator(
            "CONV_2D", [source, *parameters(name, (4, 3, 3, channels), source_scale)], [y],
            "Conv2DOptions", version=4, strideH=1, strideW=1, padding=schema.Padding.SAME,
            fusedActivationFunction=activation(fused),
        )  # fmt: skip
        return y

    stem = convolved(x, "stem", 0.0004, 3, "RELU")
    branch = convolved(stem, "branch", 0.0005, 4, "NONE")
    total = builder.activation("total", np.int16, (1, 6, 6, 4), 0.0007)
    builder.operator("ADD", [stem, branch], [total], "AddOptions", potScaleInt16=True)
    pooled = builder.activation("pooled", np.int16, (1, 1, 1, 4), 0.0007)
    builder.operator(
        "AVERAGE_POOL_2D", [total], [pooled], "Pool2DOptions", version=3, strideH=6, strideW=6,
        filterHeight=6, filterWidth=6, padding=schema.Padding.VALID,
    )  # fmt: skip
    flat = builder.activation("flat", np.int16, (1, 4), 0.0007)
    shape = builder.constant("shape", np.array([-1, 4], dtype=np.int32))
    builder.operator("RESHAPE", [pooled, shape], [flat])
    logits = builder.activation("logits", np.int16, (1, 10), 0.0002)
    dense = [flat, *parameters("dense", (10, 4), 0.0007)]
    builder.operator("FULLY_CONNECTED", dense, [logits], "FullyConnectedOptions", version=4)
    y = builder.activation("probabilities", np.int16, (1, 10), 2.0**-15, 0)
    builder.operator("SOFTMAX", [logits], [y], "SoftmaxOptions", version=3, beta=1.0)
    return builder.build([x], [y])


@_fixture("residual network")
def network(builder: FixtureBuilder) -> bytes:
    """Convolution, residual addition, pooling, dense and softmax in one model."""
    generator = builder.random
    x = builder.activation("x", np.int8, (1, 8, 8, 3))

    def convolved(source: int, name: str, channels: tuple[int, int], fused: str) -> int:
        scale = generator.uniform(0.002, 0.01, channels[1]).astype(np.float32)
        codes = generator.integers(-127, 128, (channels[1], 3, 3, channels[0])).astype(np.int8)
        bias = generator.integers(-3000, 3000, channels[1]).astype(np.int32)
        w = builder.constant(f"{name}/w", codes, scale)
        b = builder.constant(f"{name}/b", bias, np.float32(0.07) * scale)
        y = builder.activation(name, np.int8, (1, 8, 8, channels[1]))
        builder.operator(
            "CONV_2D", [source, w, b], [y], "Conv2DOptions", version=3, strideH=1, strideW=1,
            padding=schema.Padding.SAME, fusedActivationFunction=activation(fused),
        )  # fmt: skip
        return y

    stem = convolved(x, "stem", (3, 8), "RELU")
    branch = convolved(stem, "branch", (8, 8), "NONE")
    total = builder.activation("total", np.int8, (1, 8, 8, 8), 0.09, -20)
    builder.operator(
        "ADD", [stem, branch], [total], "AddOptions", version=2,
        fusedActivationFunction=activation("RELU"),
    )  # fmt: skip
    pooled = builder.activation("pooled", np.int8, (1, 1, 1, 8), 0.09, -20)
    builder.operator(
        "AVERAGE_POOL_2D", [total], [pooled], "Pool2DOptions", version=2, strideH=8, strideW=8,
        filterHeight=8, filterWidth=8, padding=schema.Padding.VALID,
    )  # fmt: skip
    flat = builder.activation("flat", np.int8, (1, 8), 0.09, -20)
    shape = builder.constant("shape", np.array([-1, 8], dtype=np.int32))
    builder.operator("RESHAPE", [pooled, shape], [flat])
    codes = generator.integers(-127, 128, (10, 8)).astype(np.int8)
    w = builder.constant("dense/w", codes, 0.004)
    bias = generator.integers(-3000, 3000, 10).astype(np.int32)
    b = builder.constant("dense/b", bias, np.float32(0.09) * np.float32(0.004))
    logits = builder.activation("logits", np.int8, (1, 10))
    builder.operator("FULLY_CONNECTED", [flat, w, b], [logits], "FullyConnectedOptions", version=4)
    y = builder.activation("probabilities", np.int8, (1, 10), 1 / 256, -128)
    builder.operator("SOFTMAX", [logits], [y], "SoftmaxOptions", version=2, beta=1.0)
    return builder.build([x], [y])


def float_bordered(builder: FixtureBuilder) -> bytes:
    """Return a dense layer with float input and output, as converters write by default."""
    x = builder.tensor("x", np.float32, VECTOR)
    quantized = builder.activation("x codes", np.int8, VECTOR)
    builder.operator("QUANTIZE", [x], [quantized])
    w, scale = builder.weights((10, 24), "int8", False, 0)
    b = builder.bias(10, np.int32, builder.scale(np.int8), scale)
    codes = builder.activation("y codes", np.int8, (1, 10))
    builder.operator(
        "FULLY_CONNECTED", [quantized, w, b], [codes], "FullyConnectedOptions", version=4
    )
    y = builder.tensor("y", np.float32, (1, 10))
    builder.operator("DEQUANTIZE", [codes], [y])
    return builder.build([x], [y])


def main(folder: str) -> None:
    """Write every fixture as a file."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, fixture in FIXTURES.items():
        path = Path(folder) / f"{name.replace(',', '').replace(' ', '_')}.tflite"
        path.write_bytes(fixture.model())
    print(f"{len(FIXTURES)} models in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
