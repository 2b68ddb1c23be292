"""Small integer graphs, and what they compute written once more as plain sums over indices."""

import itertools
from typing import Any

import numpy as np

from bittrue.golden.graph import Encoding, FixedPoint, Graph, Node, Tensor, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

INT8 = IntegerType(8, True)


def integer_type(text: str) -> IntegerType:
    return IntegerType.parse(text)


def single(node: Node, *inputs: Tensor) -> Graph:
    """Return the graph of one node."""
    return Graph(inputs, (node,), (node.output,))


def codes_of(tensor: Tensor, samples: int, seed: int = 0) -> Int64:
    """Return random codes of an input, both ends of its range among them."""
    generator = np.random.default_rng(seed)
    codes = generator.integers(tensor.minimum, tensor.maximum + 1, (samples, *tensor.shape))
    codes.reshape(samples, -1)[0, :2] = tensor.minimum, tensor.maximum
    return codes


def fixed_point(
    output: str = "int8",
    multiplier: Any = 1 << 30,
    exponent: Any = -4,
    rounding: Rounding = Rounding.TFLITE_DOUBLE,
    **channels: Any,
) -> FixedPoint:
    spec = RequantSpec(output=IntegerType.parse(output))
    return FixedPoint(RequantChannels(spec, multiplier, exponent, **channels), rounding)


def dense(inputs: int, outputs: int, seed: int = 0) -> Graph:
    """Return the graph of one dense layer of 8 bits with random weights."""
    weight = np.random.default_rng(seed).integers(-128, 128, (outputs, inputs))
    node = FullyConnected(
        inputs=("x",),
        output="y",
        weight=weight,
        weight_type=INT8,
        bias=np.zeros(outputs, dtype=np.int64),
        requantization=fixed_point(),
    )
    return single(node, Tensor.of_type("x", (inputs,), INT8))


def convolution(
    shape: tuple[int, int, int] = (5, 4, 4),
    outputs: int = 6,
    groups: int = 1,
    input_type: str = "int8",
    weight_type: str = "int8",
    input_encoding: Encoding = Encoding(),
    weight_encoding: Encoding = Encoding(),
    window: Window = Window((3, 2), padding=((1, 1), (0, 1))),
    requantization: FixedPoint | None = None,
    seed: int = 0,
) -> tuple[Convolution, Tensor]:
    """Return a convolution with random weights, and its input."""
    generator = np.random.default_rng(seed)
    kind = IntegerType.parse(weight_type)
    weight_shape = (outputs, *window.size, shape[2] // groups)
    node = Convolution(
        inputs=("x",),
        output="y",
        weight=generator.integers(kind.minimum, kind.maximum + 1, weight_shape),
        weight_type=kind,
        bias=generator.integers(-1000, 1000, outputs),
        input_encoding=input_encoding,
        weight_encoding=weight_encoding,
        requantization=requantization,
        window=window,
        groups=groups,
    )
    return node, Tensor.of_type("x", shape, IntegerType.parse(input_type))


def convolve(node: Convolution, codes: Int64) -> Int64:
    """Return a convolution's accumulators, one product at a time."""
    samples, height, width, channels = codes.shape
    values = node.input_encoding.decode(codes)
    weight = node.weight_encoding.decode(node.weight)
    outputs, rows, columns, depth = weight.shape
    out_height, out_width = node.window.output_size(codes.shape[1:])
    (top, _), (left, _) = node.window.padding
    result = np.zeros((samples, out_height, out_width, outputs), dtype=np.int64) + node.bias
    places = itertools.product(range(out_height), range(out_width), range(outputs))
    for y, x, o in places:
        first_channel = o // (outputs // node.groups) * depth
        for i, j, c in itertools.product(range(rows), range(columns), range(depth)):
            row = y * node.window.stride[0] + i * node.window.dilation[0] - top
            column = x * node.window.stride[1] + j * node.window.dilation[1] - left
            if 0 <= row < height and 0 <= column < width:
                result[:, y, x, o] += values[:, row, column, first_channel + c] * weight[o, i, j, c]
    assert depth * node.groups == channels
    return result
