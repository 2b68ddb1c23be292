"""Images of one dimension, (N, channels, length), against ONNX Runtime and qonnx."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph.transpose import Transpose
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import assert_equal, inputs_of, run_graph
from tests.support.qonnx_networks import QonnxBuilder, differences, with_shape

LINE = (6, 19)

Build = Callable[[QuantizedBuilder], Tensor]


def _convolution(outputs: int = 4, **attributes: Any) -> Build:
    return lambda b: b.convolution(b.input(*LINE), outputs, **attributes)


def _pool(kind: str, length: int, **attributes: Any) -> Build:
    same = kind.endswith("MaxPool")
    return lambda b: b.unary(
        kind, b.input(*LINE), (6, length), same=same, integer=not same, **attributes
    )


def _temporal(b: QuantizedBuilder) -> Tensor:
    """A block of a temporal convolutional network: causal, dilated, with a residual."""
    x = b.convolution(b.input(*LINE), 8, 2, pads=[1, 0], relu=True)
    y = b.convolution(x, 8, 3, pads=[8, 0], dilations=[4], relu=True)
    return b.unary("GlobalAveragePool", b.binary("Add", x, y), (8, 1), integer=True)


def _classified(b: QuantizedBuilder) -> Tensor:
    """Features of a flattened line are columns of a matrix, in the order the graph holds them."""
    return b.product(b.flattened(b.convolution(b.input(*LINE), 3, 5, strides=[4])), 7)


BOTH: dict[str, Build] = {
    "plain": _convolution(),
    "pads": _convolution(pads=[2, 1]),
    "causal and dilated": _convolution(size=3, pads=[10, 0], dilations=[5]),
    "strided": _convolution(size=4, strides=[3], pads=[1, 2]),
    "groups": _convolution(outputs=9, groups=3),
    "depthwise": _convolution(outputs=12, groups=6, size=5, auto_pad="SAME_UPPER"),
    "one tap": _convolution(size=1),
    "max pool": _pool("MaxPool", 9, kernel_shape=[3], strides=[2]),
    "max pool, dilated": _pool("MaxPool", 15, kernel_shape=[3], dilations=[2]),
    "max pool, rounded up": _pool("MaxPool", 7, kernel_shape=[2], strides=[3], ceil_mode=1),
    "global max pool": _pool("GlobalMaxPool", 1),
    "average pool": _pool("AveragePool", 9, kernel_shape=[2], strides=[2]),
    "global average pool": _pool("GlobalAveragePool", 1),
    "temporal": _temporal,
    "classified": _classified,
    "concatenation": lambda b: b.concatenation(
        b.convolution(b.input(*LINE), 3), b.convolution(b.input(2, 17, name="z"), 2, 1)
    ),
}


MOVED: dict[str, Build] = {
    "joined with an input": lambda b: b.concatenation(
        b.convolution(b.input(*LINE), 3), b.input(2, 17, name="z")
    ),
    "matrix over the places": lambda b: b.product(b.convolution(b.input(*LINE), 4), 5),
}
"""What needs codes in another order than the graph has them."""


@pytest.mark.parametrize("case", MOVED)
def test_codes_are_moved_where_they_lie_otherwise(case: str) -> None:
    b = QuantizedBuilder(np.uint8, False, seed=5)
    graph = assert_equal(b.model(MOVED[case](b)), samples=4)
    assert sum(isinstance(node, Transpose) for node in graph.nodes) == 1


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("qoperator", [False, True], ids=["qdq", "qoperator"])
@pytest.mark.parametrize("case", BOTH)
def test_equals_onnxruntime(case: str, qoperator: bool, dtype: Any) -> None:
    b = QuantizedBuilder(dtype, qoperator, seed=5)
    assert_equal(b.model(BOTH[case](b)), samples=4)


def test_a_line_is_an_image_of_width_one() -> None:
    """Windows of a line wait for their own places, not for a whole row."""
    b = QuantizedBuilder(np.int8, True, seed=0)
    graph = convert_onnx(b.model(_convolution(pads=[1, 1])(b)).SerializeToString())
    assert [tensor.shape for tensor in graph.inputs] == [(19, 6)]
    assert graph.tensors[graph.nodes[-1].inputs[0]].shape == (19, 1, 4)


def test_lines_whose_places_come_first_are_taken_as_they_are() -> None:
    b = QuantizedBuilder(np.int8, False, seed=0)
    given = b.input(19, 6)
    turned = b.builder.operator("Transpose", given.name, perm=[0, 2, 1])
    x = Tensor(turned, given.scale, given.zero_point, LINE)
    graph = assert_equal(b.model(b.convolution(x, 4)), samples=3)
    assert [tensor.shape for tensor in graph.inputs] == [(19, 6)]


def test_normalization_of_lines_is_qonnxs() -> None:
    """Quantizers with scales that are powers of two, for which float32 is exact."""
    b, random = QonnxBuilder(), np.random.default_rng(2)
    weight = random.integers(-7, 8, (8, 6, 3)).astype(np.float32) / 8
    x = b.quant("x", 2.0**-4, 6)
    y = b.operator("Conv", x, b.quant(b.constant(weight), 0.125, 4), pads=[2, 0])
    ones = np.ones(8, np.float32)
    scale = b.constant(2.0 ** random.integers(-2, 2, 8).astype(np.float32))
    shift = b.constant(random.integers(-8, 8, 8).astype(np.float32) / 4)
    y = b.operator(
        "BatchNormalization", y, scale, shift, b.constant(0 * ones), b.constant(ones), epsilon=0.0
    )
    y = b.quant(b.operator("Relu", y), 0.25, 4, signed=0)
    y = b.operator("MaxPool", y, kernel_shape=[2], strides=[2])
    proto = b.model({"x": (np.float32, (1, *LINE))}, [y])
    graph = convert_onnx(proto.SerializeToString())
    (given,) = graph.inputs
    inputs = inputs_of(proto, graph, 8)
    results = run_graph(graph, {given.name: inputs["x"]})
    expected = run(with_shape(proto, graph), (inputs["x"] / 16).astype(np.float32))
    assert differences(graph, y, results[y], expected[y]) == 0
    assert len(np.unique(results[y])) > 5
    # The comparison notices one code.
    results[y][3, 2, 1] ^= 1
    assert differences(graph, y, results[y], expected[y]) == 1


def test_sizes_are_as_many_as_dimensions() -> None:
    b = QuantizedBuilder(np.int8, True, seed=0)
    x = b.input(*LINE)
    y = b.unary("MaxPool", x, (6, 18), same=True, kernel_shape=[2, 2])
    with pytest.raises(UserError, match=r"its kernel_shape are \(2, 2\); allowed: 1 size$"):
        convert_onnx(b.model(y).SerializeToString())
