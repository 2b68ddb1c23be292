"""Additions by tables against golden's executor, on every pair of codes."""

import numpy as np
import pytest

from golden.executor.execute import Executor
from golden.frontends.load import load_network
from golden.graph import Add, Addend, Encoding, Graph, Tensor
from golden.lowering.addition import AdditionTables, find_addition_tables
from golden.numbers.integer_type import IntegerType
from golden.numbers.rounding import Rounding
from tests.support.graphs import fixed_point
from tests.support.models import MODELS


def every_pair(node: Add, tensors: tuple[Tensor, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all pairs of codes that occur, and golden's codes of their sums."""
    ranges = [np.arange(tensor.minimum, tensor.maximum + 1) for tensor in tensors]
    first, second = (side.ravel() for side in np.meshgrid(*ranges, indexing="ij"))
    points = [Tensor(t.name, (1,), t.type, t.minimum, t.maximum) for t in tensors]
    graph = Graph(tuple(points), (node,), (node.output,))
    given = {t.name: codes[:, None] for t, codes in zip(points, (first, second), strict=True)}
    return first, second, Executor(graph).run(given)[node.output][:, 0]


def assert_equal(tables: AdditionTables | None, node: Add, tensors: tuple[Tensor, ...]) -> None:
    assert tables is not None
    first, second, expected = every_pair(node, tensors)
    indices = [codes - t.type.minimum for codes, t in zip((first, second), tensors, strict=True)]
    np.testing.assert_array_equal(tables.evaluate(*indices), expected)


def addition(first: str, second: str, seed: int, output: str, subtract: bool = False) -> Add:
    rng = np.random.default_rng(seed)
    addends = tuple(
        Addend(
            Encoding(int(rng.integers(kind.minimum, kind.maximum, endpoint=True))),
            int(rng.integers(1 << 29, 1 << 31)),
            11,
            int(rng.integers(0, 4)),
            subtract=subtract and position == 1,
        )
        for position, kind in enumerate(map(IntegerType.parse, (first, second)))
    )
    exponent = int(rng.integers(-21, -18)) + 8 - IntegerType.parse(first).width
    requantization = fixed_point(
        output,
        int(rng.integers(1 << 30, 1 << 31)),
        exponent,
        Rounding.TFLITE_DOUBLE,
        zero_point=1,
    )
    return Add(inputs=("a", "b"), output="y", addends=addends, requantization=requantization)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("first", "second", "output"),
    [("int8", "int8", "int8"), ("uint8", "int4", "uint8"), ("int3", "uint8", "int4")],
)
def test_tables_equal_the_addition_on_every_pair(
    first: str, second: str, output: str, seed: int
) -> None:
    node = addition(first, second, seed, output, subtract=seed == 3)
    tensors = (
        Tensor.of_type("a", (1,), IntegerType.parse(first)),
        Tensor.of_type("b", (1,), IntegerType.parse(second)),
    )
    assert_equal(find_addition_tables(node.addends, node.requantization, tensors), node, tensors)


def test_codes_that_do_not_occur_demand_nothing() -> None:
    kind = IntegerType(8, True)
    tensors = (Tensor("a", (1,), kind, -20, 100), Tensor("b", (1,), kind, 0, 127))
    node = addition("int8", "int8", 9, "int8")
    tables = find_addition_tables(node.addends, node.requantization, tensors)
    assert_equal(tables, node, tensors)
    assert tables is not None
    assert len(tables.first) == len(tables.second) == 256


def test_what_is_no_sum_of_entries_has_no_tables() -> None:
    """Rounded to even, the ties of one sum go up and those of the next one down."""
    kind = IntegerType(3, False)
    tensors = (Tensor.of_type("a", (1,), kind), Tensor.of_type("b", (1,), kind))
    even = fixed_point("uint4", 1 << 30, 0, Rounding.SINGLE_HALF_EVEN)
    node = Add(inputs=("a", "b"), output="y", addends=(Addend(), Addend()), requantization=even)
    assert find_addition_tables(node.addends, node.requantization, tensors) is None


def test_wide_codes_are_left_alone() -> None:
    kind = IntegerType(9, True)
    tensors = (Tensor.of_type("a", (1,), kind), Tensor.of_type("b", (1,), kind))
    node = addition("int9", "int9", 0, "int8")
    assert find_addition_tables(node.addends, node.requantization, tensors) is None


@pytest.mark.skipif(not MODELS.is_dir(), reason="set BITTRUE_MODELS to MLPerf Tiny's networks")
def test_residual_additions_of_resnet_need_no_multiplier() -> None:
    graph = load_network(MODELS / "pretrainedResnet_quant.tflite")
    additions = [node for node in graph.nodes if isinstance(node, Add)]
    assert len(additions) == 3
    for node in additions:
        tensors = tuple(graph.tensors[name] for name in node.inputs)
        assert_equal(
            find_addition_tables(node.addends, node.requantization, tensors), node, tensors
        )
