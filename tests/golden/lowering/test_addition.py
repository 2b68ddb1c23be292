"""Additions by tables against rational numbers, on every pair of codes."""

from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import Encoding, FixedPoint, Graph, Requantization, Tensor
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.lowering.addition import AdditionTables, find_addition_tables
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.rounding import Rounding
from tests.support.exact_requantization import exact, half_away, half_up
from tests.support.graphs import fixed_point
from tests.support.models import MODELS


def exact_addend(addend: Addend, code: int) -> int:
    """Return what a code adds, by rational numbers."""
    value = (code - addend.encoding.zero_point) * addend.multiplier
    first = half_up(Fraction(value, 1 << addend.half_up_shift))
    second = half_away(Fraction(first, 1 << addend.half_away_shift))
    return -second if addend.subtract else second


def exact_codes(requantization: Requantization | None, sums: np.ndarray) -> np.ndarray:
    """Return the codes of sums by rational numbers; no rounding descends, so steps are enough."""
    assert isinstance(requantization, FixedPoint)
    channels, rounding = requantization.channels, requantization.rounding

    def code(index: int) -> int:
        return exact(int(levels[index]), channels, 0, rounding, 0)

    levels, places = np.unique(sums, return_inverse=True)
    codes = np.empty(len(levels), dtype=np.int64)
    start = 0
    while start < len(levels):
        here = code(start)
        end = bisect_right(range(len(levels)), here, lo=start, key=code)
        codes[start:end] = here
        start = end
    return codes[places.reshape(-1)]


def every_pair(node: Add, tensors: tuple[Tensor, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all pairs of codes that occur, and the codes of their sums by rational numbers."""
    ranges = [np.arange(tensor.minimum, tensor.maximum + 1) for tensor in tensors]
    first, second = (side.ravel() for side in np.meshgrid(*ranges, indexing="ij"))
    terms = [
        np.array([exact_addend(addend, int(code)) for code in codes])
        for addend, codes in zip(node.addends, ranges, strict=True)
    ]
    sums = (terms[0][:, None] + terms[1]).ravel()
    return first, second, exact_codes(node.requantization, sums)


def assert_equal(tables: AdditionTables | None, node: Add, tensors: tuple[Tensor, ...]) -> None:
    """Compare tables with rational numbers, and golden's executor with them too."""
    assert tables is not None
    first, second, expected = every_pair(node, tensors)
    indices = [codes - t.type.minimum for codes, t in zip((first, second), tensors, strict=True)]
    np.testing.assert_array_equal(tables.evaluate(*indices), expected)
    points = [Tensor(t.name, (1,), t.type, t.minimum, t.maximum) for t in tensors]
    node = replace(node, inputs=tuple(t.name for t in points))
    given = {t.name: codes[:, None] for t, codes in zip(points, (first, second), strict=True)}
    executed = Executor(Graph(tuple(points), (node,), (node.output,))).run(given)[node.output]
    np.testing.assert_array_equal(executed[:, 0], expected)


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


def test_a_wrong_entry_is_noticed() -> None:
    """Negative control: what is compared are numbers that golden did not compute."""
    kind = IntegerType(8, True)
    tensors = (Tensor.of_type("a", (1,), kind), Tensor.of_type("b", (1,), kind))
    node = addition("int8", "int8", 0, "int8")
    tables = find_addition_tables(node.addends, node.requantization, tensors)
    assert tables is not None
    wrong = replace(tables, first=tables.first + (np.arange(256) == 100) * (1 << tables.shift))
    with pytest.raises(AssertionError):
        assert_equal(wrong, node, tensors)


@pytest.mark.parametrize("rounding", [r for r in Rounding if r is not Rounding.STOCHASTIC])
def test_entries_that_a_requantize_node_looks_up(rounding: Rounding) -> None:
    """Circuits of Requantize hold golden's codes of every code; here by rational numbers."""
    scaler = fixed_point("int8", 1518500250, -1, rounding, zero_point=-3)
    values = np.arange(-256, 256)
    np.testing.assert_array_equal(scaler.evaluate(values), exact_codes(scaler, values))
    ties = fixed_point("int8", 1 << 30, -2, rounding)  # An eighth: every fourth is a tie.
    np.testing.assert_array_equal(ties.evaluate(values), exact_codes(ties, values))


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
