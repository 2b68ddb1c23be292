"""Small ONNX models, one for each operator and option, and random networks of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from tests.support.onnx_builder import QuantizedBuilder, Tensor

Build = Callable[[QuantizedBuilder], Tensor]

IMAGE = (6, 9, 8)


def _convolution(**options: Any) -> Build:
    return lambda b: b.convolution(b.input(*IMAGE), 10, **options)


def _product(shape: tuple[int, ...] = (24,), **options: Any) -> Build:
    return lambda b: b.product(b.input(*shape), 12, **options)


def _unary(kind: str, **options: Any) -> Build:
    return lambda b: b.unary(kind, b.input(*IMAGE), **options)


def _sigmoid(b: QuantizedBuilder) -> Tensor:
    return b.unary("Sigmoid", b.input(*IMAGE), scale=1 / 256, integer=True)


def _leaky_relu(b: QuantizedBuilder) -> Tensor:
    return b.unary("LeakyRelu", b.input(*IMAGE), alpha=0.125 + b.seed / 7, integer=True)


def _binary(kind: str, constant: tuple[int, ...] | None = None, relu: bool = False) -> Build:
    def build(b: QuantizedBuilder) -> Tensor:
        first = b.input(*IMAGE)
        if constant is not None:
            return b.binary(kind, first, b.coded_constant(*constant), relu)
        return b.binary(kind, first, b.input(*IMAGE, name="other"), relu)

    return build


def _global_average(b: QuantizedBuilder) -> Tensor:
    x = b.input(*IMAGE)
    return b.unary("GlobalAveragePool", x, (IMAGE[0], 1, 1), integer=True)


def _average(b: QuantizedBuilder) -> Tensor:
    """Average with a scale in whose multiples float32 adds exactly."""
    x = Tensor("x", np.float32(0.0625), b.input(*IMAGE).zero_point, IMAGE)
    shape = (IMAGE[0], IMAGE[1] - 1, IMAGE[2] - 2)
    return b.unary("AveragePool", x, shape, kernel_shape=[2, 3], integer=True)


def _mean(b: QuantizedBuilder) -> Tensor:
    x = Tensor("x", np.float32(0.0625), b.input(*IMAGE).zero_point, IMAGE)
    return b.unary("ReduceMean", x, IMAGE[:1], axes=[2, 3], keepdims=0)


def _max_pool(same: bool, **options: Any) -> Build:
    def build(b: QuantizedBuilder) -> Tensor:
        shape = (IMAGE[0], 4, 3)
        return b.unary(
            "MaxPool",
            b.input(*IMAGE),
            shape,
            same=same,
            kernel_shape=[3, 3],
            strides=[2, 2],
            **options,
        )

    return build


def _concatenation(b: QuantizedBuilder) -> Tensor:
    return b.concatenation(b.input(*IMAGE), b.input(4, 9, 8, name="other"))


def _clip(b: QuantizedBuilder) -> Tensor:
    limits = [b.builder.constant(np.float32(value)) for value in (-0.5, 1.25)]
    x = b.input(*IMAGE)
    y = b.builder.operator("Clip", b.real(x), *limits)
    return b.quantized(y, IMAGE)


def _pad(b: QuantizedBuilder) -> Tensor:
    pads = b.builder.constant(np.array([0, 0, 1, 0, 0, 0, 2, 1]))
    x = b.input(*IMAGE)
    y = b.builder.operator("Pad", b.real(x), pads)
    return b.quantized(y, (6, 12, 9), x.scale, x.zero_point)


def _slice(b: QuantizedBuilder) -> Tensor:
    """Rows from the end, every other column, and all channels but the first."""
    bounds = ([-4, 1, 1], [1 << 40, -1, 6], [2, 3, 1], [1, 2, 1])
    x = b.input(*IMAGE)
    y = b.builder.operator("Slice", b.real(x), *(b.builder.constant(np.array(n)) for n in bounds))
    return b.quantized(y, (5, 4, 3), x.scale, x.zero_point)


def _split(b: QuantizedBuilder) -> Tensor:
    """The parts of an image's channels, each rescaled, and added."""
    x = b.convolution(b.input(*IMAGE), 8)
    sizes = b.builder.constant(np.array([3, 2, 3]))
    parts = b.builder.operators("Split", 3, b.real(x), sizes, axis=1)
    first, _, last = (
        b.quantized(part, (size, *x.shape[1:])) for part, size in zip(parts, (3, 2, 3), strict=True)
    )
    return b.binary("Add", first, last)


def _moved(kind: str, shape: tuple[int, ...], *inputs: Any, **attributes: Any) -> Build:
    """Return what an operator makes that only moves numbers; an image of 8 channels, 4 x 6."""

    def build(b: QuantizedBuilder) -> Tensor:
        x = b.input(8, 4, 6)
        given = [b.builder.constant(np.array(each)) if each is not None else "" for each in inputs]
        y = b.builder.operator(kind, b.real(x), *given, **attributes)
        return b.quantized(y, shape, x.scale, x.zero_point)

    return build


_TWICE = np.array([1, 1, 2, 3], np.float32)


def _flat_features(b: QuantizedBuilder) -> Tensor:
    """Channels-first features meet a matrix; the graph holds them channels last."""
    x = b.convolution(b.input(3, 5, 4), 7)
    return b.product(b.flattened(x), 9, gemm=True, bias="int")


def _channels_last(b: QuantizedBuilder) -> Tensor:
    """An input and output channels last, with transposes at the borders."""
    x = b.input(9, 8, 6)
    y = b.unary("Transpose", x, IMAGE, same=True, perm=[0, 3, 1, 2])
    y = b.convolution(y, 5)
    return b.unary("Transpose", y, (7, 6, 5), same=True, perm=[0, 2, 3, 1])


def _shuffle(b: QuantizedBuilder) -> Tensor:
    """Reshapes and a transpose that reorder channels, then a matrix."""
    x = b.input(*IMAGE)
    axes = b.builder.constant(np.array([0, 2, 3, 72]))
    y = b.builder.operator("Reshape", b.real(x), axes)
    y = b.builder.operator("Transpose", y, perm=[0, 2, 1, 3])
    y = b.builder.operator("Flatten", y)
    flat = b.quantized(y, (432,), x.scale, x.zero_point)
    return b.product(flat, 5, gemm=True, bias="int")


def _squeeze_and_excite(b: QuantizedBuilder) -> Tensor:
    x = b.convolution(b.input(*IMAGE), 8, pads=[1, 1, 1, 1])
    pooled = b.unary("GlobalAveragePool", x, (8, 1, 1), integer=True)
    gate = b.convolution(pooled, 8, size=1)
    gate = b.unary("Sigmoid", gate, scale=1 / 256, integer=True)
    return b.binary("Mul", x, gate)


def _scalar(kind: str) -> Build:
    def build(b: QuantizedBuilder) -> Tensor:
        constant = b.builder.constant(np.float32(b.random.uniform(0.5, 3)))
        y = b.builder.operator(kind, b.real(b.input(*IMAGE)), constant)
        return b.quantized(y, IMAGE)

    return build


def _float_border(b: QuantizedBuilder) -> Tensor:
    """A model whose input is quantized by the model itself."""
    b.inputs["real"] = (np.float32, ("batch", *IMAGE))
    return b.convolution(b.quantized("real", IMAGE), 4)


BOTH: dict[str, Build] = {
    "convolution": _convolution(),
    "convolution with one scale": _convolution(per_channel=False),
    "convolution without bias": _convolution(bias=False),
    "convolution with relu": _convolution(relu=True),
    "strided convolution": _convolution(strides=[2, 1], pads=[1, 0, 2, 1]),
    "dilated convolution": _convolution(dilations=[2, 3]),
    "grouped convolution": lambda b: b.convolution(b.input(*IMAGE), 6, groups=3),
    "depthwise convolution": lambda b: b.convolution(b.input(*IMAGE), 12, groups=6),
    "convolution padded by SAME_UPPER": _convolution(auto_pad="SAME_UPPER", strides=[2, 2]),
    "convolution padded by SAME_LOWER": _convolution(auto_pad="SAME_LOWER", strides=[2, 2]),
    "product": _product(),
    "product per channel": _product(per_channel=True),
    "product of rows": _product((5, 24)),
    "matrix with bias": _product(gemm=True, bias="int"),
    "matrix with bias per channel": _product(gemm=True, bias="int", per_channel=True),
    "addition": _binary("Add"),
    "addition of a constant": _binary("Add", IMAGE),
    "addition per channel": _binary("Add", (6, 1, 1)),
    "multiplication": _binary("Mul"),
    "multiplication per channel": _binary("Mul", (6, 1, 1)),
    "sigmoid": _sigmoid,
    "leaky relu": _leaky_relu,
    "global average": _global_average,
    "average of exact sums": _average,
    "concatenation": _concatenation,
    "flattened features": _flat_features,
    "squeeze and excite": _squeeze_and_excite,
}
"""Models in both forms."""

QDQ: dict[str, Build] = {
    "transposed matrix": _product(gemm=True, transposed=True, per_channel=True),
    "matrix with real bias": _product(gemm=True, bias="float"),
    "product with real bias": _product(bias="float"),
    "addition with relu": _binary("Add", relu=True),
    "subtraction": _binary("Sub"),
    "relu": _unary("Relu"),
    "relu that keeps the scale": _unary("Relu", same=True),
    "tanh": _unary("Tanh", scale=1 / 128),
    "hard sigmoid": _unary("HardSigmoid", scale=1 / 256),
    "hard swish": _unary("HardSwish"),
    "elu": _unary("Elu", alpha=0.5),
    "clip": _clip,
    "identity that rescales": _unary("Identity"),
    "max pooling": _max_pool(same=True),
    "max pooling that rescales": _max_pool(same=False),
    "max pooling with ceiling": lambda b: b.unary(
        "MaxPool", b.input(*IMAGE), (6, 4, 4), same=True, kernel_shape=[2, 3],
        strides=[3, 2], ceil_mode=1, pads=[0, 1, 1, 0],
    ),
    "mean of exact sums": _mean,
    "padding": _pad,
    "resize": _moved("Resize", (8, 8, 18), None, _TWICE, mode="nearest"),
    "resize to sizes": _moved("Resize", (8, 2, 3), None, None, [1, 8, 2, 3], mode="nearest"),
    "resize, asymmetric": _moved(
        "Resize", (8, 8, 18), None, _TWICE, mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    ),
    "depth to space": _moved("DepthToSpace", (2, 8, 12), blocksize=2),
    "depth to space, columns first": _moved("DepthToSpace", (2, 8, 12), blocksize=2, mode="CRD"),
    "space to depth": _moved("SpaceToDepth", (32, 2, 3), blocksize=2),
    "slice": _slice,
    "split": _split,
    "channels last": _channels_last,
    "shuffled channels": _shuffle,
    "division by a number": _scalar("Div"),
    "product with a number": _scalar("Mul"),
    "sum with a number": _scalar("Add"),
    "float border": _float_border,
}  # fmt: skip
"""Models in QDQ form alone."""


def model(build: Build, dtype: Any, qoperator: bool, seed: int = 0) -> onnx.ModelProto:
    """Return a fixture's model."""
    builder = QuantizedBuilder(dtype, qoperator, seed)
    return builder.model(build(builder))


def random_network(seed: int) -> onnx.ModelProto:
    """Return a network of five to ten random layers, branches and joins among them."""
    random = np.random.default_rng(seed)
    dtype = np.int8 if random.random() < 0.5 else np.uint8
    b = QuantizedBuilder(dtype, bool(random.random() < 0.4), seed)
    x = b.input(
        int(random.integers(1, 5)), int(random.integers(8, 13)), int(random.integers(8, 13))
    )
    images = [x]
    for _ in range(int(random.integers(5, 11))):
        x = images[-1]
        match int(random.integers(8)):
            case 0 | 1 | 2:
                size = int(random.choice([1, 3]))
                pads = [size // 2] * 4
                strides = [2, 2] if min(x.shape[1:]) > 6 and random.random() < 0.3 else [1, 1]
                y = b.convolution(
                    x,
                    int(random.integers(3, 9)),
                    size,
                    per_channel=bool(random.random() < 0.7),
                    relu=bool(random.random() < 0.5),
                    pads=pads,
                    strides=strides,
                )
            case 3:
                y = b.convolution(x, 2 * x.shape[0], 3, groups=x.shape[0], pads=[1, 1, 1, 1])
            case 4:
                branch = b.convolution(x, x.shape[0], 3, pads=[1, 1, 1, 1])
                y = b.binary("Add" if random.random() < 0.7 else "Mul", x, branch)
            case 5:
                branch = b.convolution(x, 3, 1)
                y = b.concatenation(x, branch)
            case 6:
                y = b.unary("LeakyRelu", x, alpha=0.2, integer=True)
            case _:
                y = b.unary("Sigmoid", x, scale=1 / 256, integer=True)
        images.append(y)
    pooled = b.unary("GlobalAveragePool", y, (y.shape[0], 1, 1), integer=True)
    return b.model(b.product(b.flattened(pooled), 10, gemm=True, bias="int"))
