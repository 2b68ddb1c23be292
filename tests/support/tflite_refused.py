"""Files of TensorFlow Lite that cannot be imported, and what is said of them."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.support import tflite_fixtures as fixtures
from tests.support.tflite_builder import TfliteBuilder
from tests.support.tflite_fixtures import (
    FIXTURES,
    FixtureBuilder,
    activation,
)


def vector(builder: FixtureBuilder, name: str = "x", scale: float | None = None) -> int:
    return builder.activation(name, np.int8, (1, 24), scale)


def one_operator(name: str, version: int = 1) -> bytes:
    builder = FixtureBuilder(0)
    x, y = vector(builder, "x"), vector(builder, "y")
    builder.operator(name, [x], [y], version=version)
    return builder.build([x], [y])


def int32_activations() -> bytes:
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, np.int32, (1, 4), 0.1) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def token_numbers() -> bytes:
    builder = TfliteBuilder()
    x = builder.tensor("x", np.int32, (1, 4))
    y = builder.tensor("y", np.int16, (1, 4), 0.1)
    builder.operator("QUANTIZE", [x], [y])
    return builder.build([x], [y])


def float_in_the_middle() -> bytes:
    builder = FixtureBuilder(0)
    x, y = vector(builder), vector(builder, "y")
    a, b = (builder.tensor(name, np.float32, (1, 24)) for name in "ab")
    builder.operator("DEQUANTIZE", [x], [a])
    builder.operator("TANH", [a], [b])
    builder.operator("QUANTIZE", [b], [y])
    return builder.build([x], [y])


def float_tail() -> bytes:
    """Codes that become real numbers for two operators, one of which is not the last."""
    builder = FixtureBuilder(0)
    x, y = vector(builder), vector(builder, "the codes")
    a, b, c, d = (builder.tensor(name, np.float32, (1, 24)) for name in "abcd")
    builder.operator("RELU", [x], [y])
    builder.operator("DEQUANTIZE", [y], [a])
    builder.operator("TANH", [a], [b])
    builder.operator("EXP", [b], [c], "ExpOptions")
    builder.operator("TANH", [a], [d])
    return builder.build([x], [c, d])


def float_input_read_twice() -> bytes:
    builder = FixtureBuilder(0)
    x = builder.tensor("x", np.float32, (1, 24))
    a, b = vector(builder, "a"), vector(builder, "b", scale=0.5)
    builder.operator("QUANTIZE", [x], [a])
    builder.operator("QUANTIZE", [x], [b])
    return builder.build([x], [a, b])


def custom(name: str) -> bytes:
    builder = FixtureBuilder(0)
    x, b, y = vector(builder, "x"), vector(builder, "b"), vector(builder, "y")
    builder.operator("RELU", [x], [b])
    builder.operator("CUSTOM", [b], [y])
    model = schema.ModelT.InitFromPackedBuf(builder.build([x], [y]), 0)
    model.operatorCodes[1].customCode = name
    packed = flatbuffers.Builder(1024)
    packed.Finish(model.Pack(packed), b"TFL3")
    return bytes(packed.Output())


def recurrent() -> bytes:
    """An operator with a tensor for its own use, whose shape converters leave open."""
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, (1, 4, 6)) for name in "xy")
    own = builder.activation("own", np.int8, (0,))
    builder.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [x, own], [y])
    return builder.build([x], [y])


def float_network() -> bytes:
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, np.float32, (1, 4)) for name in "xy")
    builder.operator("TANH", [x], [y])
    return builder.build([x], [y])


def batch_of_two() -> bytes:
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, (2, 24)) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def without_scales() -> bytes:
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, np.int8, (1, 4)) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def dynamic_shape() -> bytes:
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, (1, 0, 4)) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def dense_with(
    bias: int = 0, weight_shape: tuple[int, ...] = (10, 24), data: bytes | None = None,
    weight_zero_point: int = 0, scales: int = 1, **options: Any,
) -> bytes:  # fmt: skip
    builder = FixtureBuilder(0)
    x = vector(builder)
    codes = np.full(weight_shape, 127, np.int8)
    w = builder.tensor(
        "w", np.int8, weight_shape, [0.01] * scales, weight_zero_point,
        buffer=codes.tobytes() if data is None else data,
    )  # fmt: skip
    b = builder.constant("b", np.full(10, bias, np.int32), 0.0007)
    y = builder.activation("y", np.int8, (1, 10))
    builder.operator(
        "FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", version=4, **options
    )
    return builder.build([x], [y])


def moved_by(
    name: str,
    operand: Any,
    made: tuple[int, ...],
    options_type: str | None = None,
    dtype: Any = np.int8,
    scale: float | None = None,
    **options: Any,
) -> bytes:
    """Return an operator that is told by a constant how to move the codes of an image."""
    builder = FixtureBuilder(0)
    x = builder.activation("x", dtype, (1, 3, 4, 5))
    o = builder.constant("operand", np.array(operand, np.int32))
    y = builder.activation("y", dtype, made, scale)
    builder.operator(name, [x, o], [y], options_type, **options)
    return builder.build([x], [y])


def lesser_of_scales() -> bytes:
    builder = FixtureBuilder(0)
    a, b, y = vector(builder, "a"), vector(builder, "b", scale=0.5), vector(builder, "y")
    builder.operator("MINIMUM", [a, b], [y], "MaximumMinimumOptions")
    return builder.build([a, b], [y])


def concat_of_scales() -> bytes:
    builder = FixtureBuilder(0)
    a, b = vector(builder, "a"), vector(builder, "b", scale=0.5)
    y = builder.activation("y", np.int8, (1, 48))
    builder.operator("CONCATENATION", [a, b], [y], "ConcatenationOptions", axis=1)
    return builder.build([a, b], [y])


def unconnected() -> bytes:
    builder = FixtureBuilder(0)
    x, z, y = (vector(builder, name) for name in "xzy")
    builder.operator("RELU", [z], [y])
    return builder.build([x], [y])


def too_wide() -> bytes:
    """16-bit accumulators that 48 bits do not bound."""
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int16, (1, 24))
    w = builder.constant("w", np.full((4, 24), 127, np.int8), 0.01)
    b = builder.constant("b", np.full(4, (1 << 47) - 1, np.int64), 0.000003)
    y = builder.activation("y", np.int16, (1, 4))
    builder.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", version=4)
    return builder.build([x], [y])


def convolution_without_stride() -> bytes:
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int8, (1, 4, 4, 1))
    w = builder.constant("w", np.ones((1, 1, 1, 1), np.int8), 0.01)
    y = builder.activation("y", np.int8, (1, 4, 4, 1))
    builder.operator("CONV_2D", [x, w, -1], [y], "Conv2DOptions", version=3)
    return builder.build([x], [y])


GOOD = FIXTURES["conv"].model()


REFUSED = {
    "empty": (lambda: b"", "bytes 4 to 7 must be TFL3"),
    "another format": (lambda: b"\x89HDF" + GOOD[4:4] + bytes(100), "bytes 4 to 7 must be TFL3"),
    "cut": (lambda: GOOD[: len(GOOD) // 2], "the flatbuffer is malformed|must be TFL3"),
    "head only": (lambda: GOOD[:8], "the flatbuffer is malformed"),
    "unsupported operator": (
        lambda: one_operator("SIN"), "operator 0, SIN 'y': it is not supported; docs/graph"),
    "custom operator": (
        lambda: custom("Foo"), "operator 1, custom operator 'Foo' 'y': it is a custom operator, "
        "which has no public meaning; or end the network before it: --outputs b$"),
    "Edge TPU": (
        lambda: custom("edgetpu-custom-op"), "a part of the network compiled for an Edge TPU; "),
    "Ethos-U": (lambda: custom("ethos-u"), "a part of the network compiled for an Ethos-U; import"),
    "float network": (
        float_network, "operator 0, TANH 'y': tensor 'x' is FLOAT32, as is all of the network;"),
    "float in the middle": (
        float_in_the_middle, "operator 1, TANH 'b': tensor 'a' is FLOAT32; quantize this operator"),
    "float tail": (
        float_tail, "operator 2, TANH 'b', and 1 more: tensor 'a' is FLOAT32; quantize this "
        "operator, too; or end the network before it: --outputs 'the codes'$"),
    "float input, read twice": (
        float_input_read_twice, "and 1 more: tensor 'x' is FLOAT32; allowed: an input that only"),
    "recurrent": (
        recurrent, "UNIDIRECTIONAL_SEQUENCE_LSTM 'y': it is not supported; docs/graph.md lists"),
    "batch": (batch_of_two, r"tensor 'x' has shape \(2, 24\); allowed: a batch of 1"),
    "no scales": (without_scales, "tensor 'x' has 0 scales; allowed: one"),
    "dynamic shape": (dynamic_shape, "allowed: fixed sizes of at least 1"),
    "int32 activations": (
        int32_activations, "allowed: INT8, UINT8, INT16; only QUANTIZE takes and makes codes of"),
    "int32 of int8": (
        lambda: fixtures.quantize(FixtureBuilder(0), output=np.int32),
        "it makes int32 of int8, which the kernels refuse; allowed with 32 bits: int32 of int16"),
    "token numbers": (
        token_numbers, "'x' has 0 scales; allowed: one; its integers have no scale, so that"),
    "accumulators overflow": (
        lambda: dense_with(bias=(1 << 31) - 1), "computes in int32 and would overflow"),
    "accumulators too wide": (too_wide, "which takes 49 bits; allowed: 48 bits"),
    "weight shape": (lambda: dense_with(weight_shape=(10, 23)), "must hold the 24 elements"),
    "weight bytes": (lambda: dense_with(data=b"abc"), "tensor 'w' has 3 bytes"),
    "no weights": (lambda: dense_with(data=b""), "tensor 'w' is no constant"),
    "weight zero point": (lambda: dense_with(weight_zero_point=3), "a zero point that is not 0"),
    "weight scales": (lambda: dense_with(scales=7), "tensor 'w' has 7 scales"),
    "shuffled weights": (lambda: dense_with(weightsFormat=1), "its weights are shuffled"),
    "fused tanh": (
        lambda: dense_with(fusedActivationFunction=activation("TANH")),
        "the fused activation is TANH; allowed: NONE, RELU"),
    "transpose of other dimensions": (
        lambda: moved_by("TRANSPOSE", [0, 2, 2, 1], (1, 4, 4, 4)),
        r"permutation is \(0, 2, 2, 1\); allowed: one of the input's dimensions"),
    "gather of what is not there": (
        lambda: moved_by("GATHER", [0, 4], (1, 3, 2, 5), "GatherOptions", axis=2),
        "its numbers are not all from 0 to 3; allowed: one or more"),
    "gather along the batch": (
        lambda: moved_by("GATHER", [0], (1, 3, 4, 5), "GatherOptions", axis=0),
        r"axis is 0, behind 0 dimensions of batches; allowed: a dimension of \(1, 3, 4, 5\) but"),
    "mirror pad beyond the image": (
        lambda: moved_by(
            "MIRROR_PAD", [[0, 0], [3, 0], [0, 0], [0, 0]], (1, 6, 4, 5), "MirrorPadOptions"),
        r"padding is \[3, 0\] along a dimension of 3; allowed: 0 to 2"),
    "tile of the batch": (
        lambda: moved_by("TILE", [2, 1, 1, 1], (2, 3, 4, 5)), "the batch once"),
    "reverse between scales": (
        lambda: moved_by("REVERSE_V2", [1], (1, 3, 4, 5), scale=0.5), "they must be equal"),
    "bilinear of uint8": (
        lambda: moved_by(
            "RESIZE_BILINEAR", [5, 7], (1, 5, 7, 5), "ResizeBilinearOptions", dtype=np.uint8),
        "it resizes 3 to 5 of uint8, with weights that are no multiples of 1/256"),
    "bilinear of corners and centers": (
        lambda: moved_by(
            "RESIZE_BILINEAR", [5, 7], (1, 5, 7, 5), "ResizeBilinearOptions",
            alignCorners=True, halfPixelCenters=True),
        "its corners are aligned, and so are the centers of pixels; allowed: one"),
    "bilinear to millions of rows": (
        lambda: moved_by(
            "RESIZE_BILINEAR", [1 << 24, 1], (1, 1 << 24, 1, 5), "ResizeBilinearOptions"),
        r"it resizes to \(16777216, 1\); allowed: up to 1,048,576 rows or columns"),
    "nearest of millions of columns": (
        lambda: moved_by(
            "RESIZE_NEAREST_NEIGHBOR", [1, 1 << 24], (1, 1, 1 << 24, 5),
            "ResizeNearestNeighborOptions"),
        r"it resizes to \(1, 16777216\); allowed: up to 1,048,576 rows or columns"),
    "batches of an image": (
        lambda: moved_by("SPACE_TO_BATCH_ND", [1, 1], (1, 3, 4, 5)),
        "it makes a batch of one image, or one image of it; allowed: SPACE_TO_BATCH_ND"),
    "minimum between scales": (lesser_of_scales, "they must be equal"),
    "concat of scales": (concat_of_scales, "they must be equal"),
    "sum of signed codes": (
        lambda: fixtures.reduced(FixtureBuilder(0), [1], name="SUM"),
        "starts sums of int8 at other numbers than 0; import with profile xnnpack or"),
    "negation of a zero point": (
        lambda: one_operator("NEG"), "but the kernels negate codes as they are; allowed"),
    "abs of uint8": (
        lambda: fixtures.function(FixtureBuilder(0), "ABS", np.uint8),
        "ABS of uint8 is not supported; allowed: signed codes"),
    "hard swish of int16": (
        lambda: fixtures.function(FixtureBuilder(0), "HARD_SWISH", np.int16),
        "HARD_SWISH of int16 is not supported; allowed: 8 bits"),
    "prelu of int16": (
        lambda: fixtures.prelu(FixtureBuilder(0), dtype=np.int16), "is int16; allowed: 8 bits"),
    "division by zero": (
        lambda: fixtures.division(FixtureBuilder(0), (), 11), "allowed: one number but zero"),
    "division by a large number": (
        lambda: fixtures.division(FixtureBuilder(0), (), -128), "shifts by more than 31 bits, w"),
    "division by several": (
        lambda: fixtures.arithmetic(FixtureBuilder(0), "DIV"), "which the network computes; allow"),
    "unconnected": (unconnected, "its input 'z' is made by no operator before it"),
    "stride 0": (convolution_without_stride, "has a size below 1"),
}  # fmt: skip
