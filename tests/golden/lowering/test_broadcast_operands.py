"""Operands that broadcast are repeated by nodes of their own; the graph computes what it did."""

import numpy as np
import pytest

from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, Graph, Tensor
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.file import dumps, loads
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.lowering.broadcast_operands import broadcast_operands
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.broadcast import repeated_run

INT8 = IntegerType(8, True)

SHAPES = [
    ((2, 3, 4), (4,), 1),
    ((2, 3, 4), (1, 1, 4), 1),
    ((2, 3, 4), (1, 1, 1), 1),
    ((2, 3, 4), (1,), 1),
    ((2, 3, 4), (2, 3, 1), 1),
    ((2, 3, 4), (2, 1, 4), 1),
    ((2, 3, 4), (1, 3, 1), 2),
    ((2, 1, 4), (3, 1), 3),
    ((1, 1, 4), (2, 3, 1), 2),
    ((2, 3, 4), (2, 3, 4), 0),
]


def graph_of(first: tuple[int, ...], second: tuple[int, ...]) -> Graph:
    tensors = (Tensor.of_type("a", first, INT8), Tensor.of_type("b", second, INT8))
    product = Multiply(inputs=("a", "b"), output="p", encodings=(Encoding(3), Encoding(-2)))
    total = Add(inputs=("b", "a"), output="s", addends=(Addend(), Addend(Encoding(5), 7)))
    return Graph(tensors, (product, total), ("p", "s"))


@pytest.mark.parametrize(("first", "second", "count"), SHAPES)
def test_the_graph_computes_what_numpy_broadcasts(
    first: tuple[int, ...], second: tuple[int, ...], count: int
) -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.integers(-128, 127, (5, *shape), endpoint=True) for shape in (first, second))
    wide = b.reshape(5, *(1,) * (len(first) - len(second)), *second)
    graph = graph_of(first, second)
    repeated = broadcast_operands(graph)
    repeats = [node for node in repeated.nodes if isinstance(node, Broadcast)]
    assert len(repeats) == 2 * count
    for equal in (graph, repeated, loads(dumps(repeated))):
        results = Executor(equal).run({"a": a, "b": b})
        np.testing.assert_array_equal(results["p"], (a - 3) * (wide + 2))
        np.testing.assert_array_equal(results["s"], wide + 7 * (a - 5))


@pytest.mark.parametrize(("first", "second", "count"), SHAPES)
def test_circuits_find_operands_of_one_shape(
    first: tuple[int, ...], second: tuple[int, ...], count: int
) -> None:
    graph = broadcast_operands(graph_of(first, second))
    for node in graph.nodes:
        shapes = [graph.tensors[name].shape for name in node.inputs]
        if isinstance(node, Broadcast):
            (shape,) = shapes
            repeated_run((*(1,) * (len(node.shape) - len(shape)), *shape), node.shape)
        else:
            assert set(shapes) == {graph.tensors[node.output].shape}


def test_dimensions_of_size_1_in_front_take_no_circuit() -> None:
    (first, _, second, _) = broadcast_operands(graph_of((1, 3, 4), (3, 4))).nodes
    assert isinstance(first, Reshape)
    assert isinstance(second, Reshape)


def test_what_is_repeated_here_and_there_is_repeated_one_after_the_other() -> None:
    x = Tensor.of_type("x", (1, 3, 1), INT8)
    node = Broadcast(inputs=("x",), output="y", shape=(2, 3, 4))
    graph = broadcast_operands(Graph((x,), (node,), ("y",)))
    assert len(graph.nodes) == 2
    for each in graph.nodes:
        assert isinstance(each, Broadcast)
        repeated_run(graph.tensors[each.inputs[0]].shape, each.shape)
    codes = np.arange(6).reshape(2, 1, 3, 1)
    result = Executor(graph).run(codes)["y"]
    assert np.array_equal(result, np.broadcast_to(codes, (2, 2, 3, 4)))
