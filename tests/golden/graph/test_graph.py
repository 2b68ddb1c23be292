"""The integer graph: what it derives, and what it refuses."""

import dataclasses
import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import (
    AccumulatorBounds,
    Certified,
    Encoding,
    FixedPoint,
    Graph,
    GraphError,
    Quantization,
    Tensor,
    Window,
)
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.float_requant import requantize_float64_half_away
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.rounding import Rounding
from tests.support.graphs import INT8, codes_of, convolution, convolve, fixed_point, single

IMAGE = Tensor.of_type("x", (4, 4, 2), INT8)
VECTOR = Tensor.of_type("x", (6,), INT8)


def test_accumulator_bounds_are_reached_and_not_exceeded() -> None:
    """Every input of a tiny convolution, enumerated."""
    node, x = convolution(
        (2, 2, 1), 3, input_type="int2", weight_type="int3", window=Window((2, 2))
    )
    graph = single(node, x)
    codes = np.array(list(itertools.product(range(-2, 2), repeat=4))).reshape(-1, 2, 2, 1)
    accumulators = convolve(node, codes).reshape(-1, 3)
    bounds = graph.accumulators["y"]
    assert bounds.minimum.tolist() == accumulators.min(axis=0).tolist()
    assert bounds.maximum.tolist() == accumulators.max(axis=0).tolist()


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0, 0, "int2"), (-1, 0, "int2"), (-3, -2, "int3"), (5, 8, "int5")]
)
def test_accumulators_have_two_bits_at_least(low: int, high: int, kind: str) -> None:
    """A layer whose weights are all zero still has a requantizer, which takes no fewer."""
    bounds = AccumulatorBounds(np.array([low, low]), np.array([high, low]))
    assert str(bounds.type) == kind


def test_accumulator_bounds_hold_with_padding_and_zero_points() -> None:
    node, x = convolution((3, 3, 1), 2, input_type="uint2", input_encoding=Encoding(2))
    node = dataclasses.replace(node, window=Window((3, 2), padding=((1, 1), (1, 1))))
    graph = single(node, x)
    accumulators = convolve(node, codes_of(x, 500))
    bounds = graph.accumulators["y"]
    assert (accumulators >= bounds.minimum).all()
    assert (accumulators <= bounds.maximum).all()


def test_ranges_follow_the_requantizer() -> None:
    """relu leaves 5 to 127, whose sum over 4 taps a following convolution may rely on."""
    first, x = convolution((4, 4, 2), 2, requantization=fixed_point(zero_point=5, minimum=5))
    pool = SumPool(
        inputs=("y",),
        output="z",
        window=Window((2, 2)),
        encoding=Encoding(5),
        requantization=None,
    )
    graph = Graph((x,), (first, pool), ("z",))
    assert (graph.tensors["y"].minimum, graph.tensors["y"].maximum) == (5, 127)
    assert (graph.tensors["z"].minimum, graph.tensors["z"].maximum) == (0, 4 * 122)
    assert graph.tensors["z"].type == IntegerType(10, True)


def test_shapes_follow_the_operators() -> None:
    dense = FullyConnected(
        inputs=("flat",),
        output="logits",
        weight=np.zeros((3, 18), int),
        weight_type=INT8,
        bias=np.zeros(3, int),
        requantization=fixed_point(),
    )
    graph = Graph(
        (IMAGE,),
        (
            Pad(inputs=("x",), output="padded", padding=((1, 1), (0, 0), (0, 0)), code=3),
            MaxPool(
                inputs=("padded",),
                output="pooled",
                window=Window((2, 2), (2, 1)),
                minimum=0,
                maximum=9,
            ),
            Reshape(inputs=("pooled",), output="flat", shape=(18,)),
            dense,
            Concat(inputs=("logits", "logits"), output="twice", axis=0),
            Slice(inputs=("twice",), output="some", begin=(1,), size=(3,), stride=(2,)),
            ArgMax(inputs=("twice",), output="class"),
        ),
        ("class", "pooled", "some"),
    )
    shapes = {name: tensor.shape for name, tensor in graph.tensors.items()}
    assert shapes == {
        "x": (4, 4, 2),
        "padded": (6, 4, 2),
        "pooled": (3, 3, 2),
        "flat": (18,),
        "logits": (3,),
        "twice": (6,),
        "some": (3,),
        "class": (),
    }
    assert (graph.tensors["pooled"].minimum, graph.tensors["pooled"].maximum) == (0, 9)
    assert (graph.tensors["class"].type, graph.tensors["class"].maximum) == (
        IntegerType(3, False),
        5,
    )
    assert [node.output for node in graph.consumers("logits")] == ["twice"]
    assert graph.producer("logits") is dense
    assert graph.producer("x") is None


def test_a_graph_cannot_be_changed() -> None:
    node, x = convolution()
    weight = np.array(node.weight)
    graph = single(dataclasses.replace(node, weight=weight), x)
    weight[:] = 0
    held = graph.nodes[0]
    assert isinstance(held, Convolution)
    assert (held.weight == node.weight).all()
    with pytest.raises(ValueError, match="read-only"):
        held.weight[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        held.groups = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        graph.tensors["x"] = x  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        graph.accumulators["y"].minimum[0] = 0


def certified(minimum: int, maximum: int) -> Certified:
    certificate = find_certificate(
        lambda a: requantize_float64_half_away(a, 0.1, 0.01, 0.3, 1, -128, 127),
        minimum, maximum, 1, -128, 127,
    )  # fmt: skip
    return Certified(certificate, INT8)


def replaced(**changes: object) -> tuple[Convolution, Tensor]:
    node, x = convolution(requantization=fixed_point())
    return dataclasses.replace(node, **changes), x  # type: ignore[arg-type]


ONE: dict[str, Any] = {"inputs": ("x",), "output": "y"}
TWO: dict[str, Any] = {"inputs": ("x", "x"), "output": "y"}

REFUSED = {
    "window does not fit": (
        lambda: replaced(window=Window((9, 2)), weight=np.zeros((6, 9, 2, 4), int)),
        r"node 0, convolution 'y': the window covers 9 rows or columns; the padded input has 5",
    ),
    "weight window": (lambda: replaced(window=Window((2, 2))), r"its window must be \(2, 2\)"),
    "groups": (lambda: replaced(groups=4), r"groups is 4 with 4 input channels"),
    "bias count": (lambda: replaced(bias=np.zeros(5, int)), r"bias has shape \(5,\)"),
    "stride": (lambda: replaced(window=Window((3, 2), (0, 1))), r"window stride is 0"),
    "zero point": (lambda: replaced(input_encoding=Encoding(128)), r"the input has zero point 128"),
    "bipolar": (lambda: replaced(input_encoding=Encoding(0, True)), r"bipolar codes are uint1"),
    "requantizer channels": (
        lambda: replaced(requantization=fixed_point(multiplier=[1, 2])),
        r"requantization has 2 channels; allowed: 1 or 6",
    ),
    "accumulator of the requantizer": (
        lambda: replaced(bias=np.full(6, 1 << 31)),
        r"accumulators of channel 0 reach .* its requantizer takes int32",
    ),
    "accumulator width": (
        lambda: replaced(bias=np.full(6, (1 << 47) - 1), requantization=None),
        r"takes 49 bits; allowed: 48 bits",
    ),
    "image shape": (
        lambda: (replaced()[0], Tensor.of_type("x", (20, 4), INT8)),
        r"allowed: \(height, width, channels\)",
    ),
    "certificate range": (
        lambda: replaced(requantization=certified(-1000, 1000)),
        r"its certificate was proven for fewer",
    ),
    "input count": (lambda: (replaced(inputs=("x", "x"))[0], IMAGE), r"it has 2 inputs"),
    "columns": (
        lambda: (
            FullyConnected(**ONE, weight=np.zeros((2, 5), int), weight_type=INT8,
                           bias=np.zeros(2, int)), VECTOR),
        r"so it must have 6 columns",
    ),
    "reshape": (lambda: (Reshape(**ONE, shape=(7,)), VECTOR), r"must hold the 6 elements"),
    "concat axis": (lambda: (Concat(**TWO, axis=1), VECTOR), r"axis is 1"),
    "slice rank": (
        lambda: (Slice(**ONE, begin=(0, 0), size=(1,), stride=(1,)), VECTOR),
        r"begin is \(0, 0\); allowed: a number for each dimension of \(6,\), 0 or more",
    ),
    "slice begin": (
        lambda: (Slice(**ONE, begin=(-1,), size=(1,), stride=(1,)), VECTOR), r"begin is \(-1,\)"),
    "slice size": (
        lambda: (Slice(**ONE, begin=(0,), size=(0,), stride=(1,)), VECTOR),
        r"size is \(0,\); allowed: a number for each dimension of \(6,\), at least 1"),
    "slice stride": (
        lambda: (Slice(**ONE, begin=(0,), size=(2,), stride=(0,)), VECTOR), r"stride is \(0,\)"),
    "slice end": (
        lambda: (Slice(**ONE, begin=(1,), size=(3,), stride=(3,)), VECTOR),
        r"it takes elements 1 to 7 along dimension 0 of \(6,\); allowed: up to 5"),
    "pad rank": (lambda: (Pad(**ONE, padding=((0, 0),) * 2, code=0), VECTOR), r"padding is"),
    "pad negative": (lambda: (Pad(**ONE, padding=((-1, 3),), code=0), VECTOR), r"padding is"),
    "pad code": (lambda: (Pad(**ONE, padding=((0, 0),), code=200), VECTOR), r"code is 200"),
    "huge": (
        lambda: (Pad(**ONE, padding=((0, 1 << 40),), code=0), VECTOR), r"at most \d+ elements"),
    "clamp": (lambda: (Clamp(**ONE, minimum=3, maximum=2), VECTOR), r"minimum is 3, above"),
    "clamp code": (lambda: (Clamp(**ONE, minimum=-129, maximum=2), VECTOR), r"minimum is -129"),
    "table": (lambda: (Table(**ONE, values=np.zeros(255, int), type=INT8), VECTOR), r"\(255,\)"),
    "pool outside": (
        lambda: (AveragePool(**ONE, window=Window((1, 1), padding=((1, 0), (0, 0))), minimum=0,
                             maximum=1), IMAGE),
        r"every window must meet the input",
    ),
    "mean axes": (
        lambda: (Mean(**ONE, axes=(1, 0), keep_dimensions=True, encoding=Encoding(),
                      requantization=None), IMAGE),
        r"axes is \(1, 0\)",
    ),
    "addends": (lambda: (Add(**TWO, addends=(Addend(),)), VECTOR), r"2 inputs and 1 addends"),
    "multiply inputs": (
        lambda: (Multiply(**ONE, encodings=(Encoding(), Encoding())), VECTOR), r"allowed: 2"),
    "softmax table": (
        lambda: (Softmax(**ONE, exponential=np.zeros(256, int), type=INT8), VECTOR),
        r"exponential must start at"),
    "no such input": (lambda: (Clamp(inputs=("z",), output="y", minimum=0, maximum=1), VECTOR),
                      r"no earlier node makes its input 'z'"),
    "same name": (lambda: (Clamp(inputs=("x",), output="x", minimum=0, maximum=1), VECTOR),
                  r"two tensors are named 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_contradictions_are_refused_with_the_place(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises(GraphError, match=message) as caught:
        single(*make())
    assert "\n" not in str(caught.value)


def test_attributes_are_refused_where_they_are_given() -> None:
    with pytest.raises(UserError, match="weight spans -200 to 0; allowed: int8"):
        replaced(weight=np.array([[-200, 0]]))
    with pytest.raises(UserError, match="weight has elements of type float64"):
        replaced(weight=np.zeros((1, 1)))
    with pytest.raises(UserError, match="stochastic"):
        fixed_point(rounding=Rounding.STOCHASTIC)
    with pytest.raises(UserError, match="half_up_shift of an addend is 32"):
        Addend(half_up_shift=32)
    with pytest.raises(UserError, match="scales are positive"):
        Quantization(Fraction(0))
    with pytest.raises(UserError, match="ascending range"):
        Tensor("x", (1,), INT8, 5, 4)
    with pytest.raises(UserError, match="empty name"):
        Tensor.of_type("", (1,), INT8)
    with pytest.raises(UserError, match="sizes are at least 1"):
        Tensor.of_type("x", (0,), INT8)
    with pytest.raises(GraphError, match="output 'y' is made by no node"):
        Graph((IMAGE,), (), ("y",))
    with pytest.raises(GraphError, match="no inputs or no outputs"):
        Graph((IMAGE,), (), ())
    with pytest.raises(GraphError, match="'z', which is no tensor"):
        Graph((IMAGE,), (), ("x",), {"z": Quantization(Fraction(1))})


def test_a_certificate_that_lies_is_refused() -> None:
    certificate = certified(-1000, 1000).certificate
    for change in (
        {"shift": 70},
        {"shift": certificate.shift + 1},
        {"multiplier": certificate.multiplier[:0]},
        {"multiplier": -certificate.multiplier},
        {"positive_constant": certificate.positive_constant + (1 << certificate.shift)},
        {"zero_point": certificate.zero_point + 1000},
        {"exception": certificate.exception[:, :0]},
    ):
        with pytest.raises(UserError):
            Certified(dataclasses.replace(certificate, **change), INT8)
    with pytest.raises(UserError, match="codes of int4"):
        Certified(certificate, IntegerType(4, True))


@pytest.mark.parametrize("rounding", [r for r in Rounding if r is not Rounding.STOCHASTIC])
@pytest.mark.parametrize("width", [31, 32, 48])
def test_fixed_point_in_numpy_equals_torch(rounding: Rounding, width: int) -> None:
    """`golden.units.requant` splits wide products, the other counts in big integers."""
    from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
    from bittrue.golden.units.requant import requantize

    generator = np.random.default_rng(width)
    spec = RequantSpec(IntegerType(width, True), IntegerType(8, True))
    channels = RequantChannels(
        spec,
        generator.integers(0, 1 << 31, 64),
        generator.integers(-31, 31, 64),
        generator.integers(-128, 128, 64),
    )
    magnitude = 2.0 ** generator.uniform(0, width - 1, (500, 64))
    accumulator = (magnitude * generator.choice([-1, 1], magnitude.shape)).astype(np.int64)
    expected = requantize(torch_from(accumulator), channels, rounding).numpy()
    assert (FixedPoint(channels, rounding).evaluate(accumulator) == expected).all()


def torch_from(array: Int64) -> torch.Tensor:
    return torch.from_numpy(array)


def test_requantize_to_one_bit_is_the_sign() -> None:
    """A bipolar output: floor(acc * tiny) + 1 is 0 below zero and 1 from zero on."""
    to_sign = fixed_point("uint1", 1, -31, Rounding.FLOOR, zero_point=1)
    node = Requantize(**ONE, encoding=Encoding(), requantization=to_sign)
    graph = single(node, VECTOR)
    codes = codes_of(VECTOR, 50)
    assert (Executor(graph).run(codes)["y"] == (codes >= 0)).all()


def test_constant_needs_no_input() -> None:
    constant = Constant(inputs=(), output="c", values=np.arange(6), type=INT8)
    total = Add(inputs=("x", "c"), output="y", addends=(Addend(), Addend(subtract=True)))
    graph = Graph((VECTOR,), (constant, total), ("y", "c"))
    codes = codes_of(VECTOR, 3)
    results = Executor(graph).run(codes)
    assert (results["y"] == codes - np.arange(6)).all()
    assert (results["c"] == np.arange(6)).all()
    assert results["c"].shape == (3, 6)
