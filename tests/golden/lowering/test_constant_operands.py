"""Constants in the shape in which layers use them; the graph computes what it did."""

import numpy as np
import pytest

from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, Graph, Node, Tensor
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.file import dumps, loads
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.lowering.constant_operands import spread_constants
from bittrue.golden.numbers.integer_type import IntegerType

INT8 = IntegerType(8, True)
X = Tensor.of_type("x", (2, 3, 4), INT8)


def constant(name: str, shape: tuple[int, ...]) -> Constant:
    codes = np.random.default_rng(len(shape)).integers(-128, 127, shape)
    return Constant(inputs=(), output=name, values=codes, type=INT8)


def graph_of(*nodes: Node) -> Graph:
    return Graph((X,), nodes, (nodes[-1].output,), layouts={"x": (2, 0, 1)})


SMALL = {"channel": (4,), "row": (2, 1, 1), "scalar": ()}

NODES = (
    *(constant(name, shape) for name, shape in SMALL.items()),
    Add(inputs=("x", "channel"), output="a", addends=(Addend(), Addend(Encoding(3), 5))),
    Multiply(inputs=("row", "x"), output="b", encodings=(Encoding(1), Encoding(-4))),
    Add(inputs=("a", "scalar"), output="d", addends=(Addend(), Addend(Encoding(7)))),
    Add(inputs=("b", "channel", "d"), output="c", addends=(Addend(), Addend(), Addend())),
)


def test_operands_are_as_large_as_the_layer_and_have_one_reader() -> None:
    spread = spread_constants(graph_of(*NODES))
    constants = [node for node in spread.nodes if isinstance(node, Constant)]
    assert [node.values.shape for node in constants] == [(2, 3, 4)] * 4
    assert all(len(spread.consumers(node.output)) == 1 for node in constants)


def test_the_graph_computes_what_numpy_broadcasts() -> None:
    images = np.random.default_rng(1).integers(-128, 127, (5, 2, 3, 4))
    channel, row, scalar = (constant(*item).values.astype(int) for item in SMALL.items())
    total = images + 5 * (channel - 3) + scalar - 7
    expected = (row - 1) * (images + 4) + channel + total
    graph = graph_of(*NODES)
    for equal in (graph, spread_constants(graph), loads(dumps(graph))):
        np.testing.assert_array_equal(Executor(equal).run(images)["c"], expected)


@pytest.mark.parametrize("kind", ["int8", "uint8", "uint1", "int16", "uint16", "int5"])
def test_a_scalar_of_any_type_is_the_same_for_every_element(kind: str) -> None:
    """Also where it is wider than a look-up table takes."""
    code = IntegerType.parse(kind).maximum
    scalar = Constant(inputs=(), output="s", values=np.array(code), type=IntegerType.parse(kind))
    add = Add(inputs=("s", "x"), output="y", addends=(Addend(), Addend()))
    images = np.random.default_rng(1).integers(-128, 127, (5, 2, 3, 4))
    result = Executor(graph_of(scalar, add)).run(images, ["s", "y"])
    assert result["s"].shape[1:] == ()
    assert (result["s"] == code).all()
    np.testing.assert_array_equal(result["y"], images + code)


def test_other_readers_keep_the_shape() -> None:
    border = constant("border", (2, 1, 4))
    joined = Concat(inputs=("border", "x"), output="joined", axis=1)
    (kept, _) = spread_constants(graph_of(border, joined)).nodes
    assert isinstance(kept, Constant)
    assert kept.output == "border"
    np.testing.assert_array_equal(kept.values, border.values)


def test_a_graph_without_constants_has_the_same_nodes() -> None:
    add = Add(inputs=("x", "x"), output="y", addends=(Addend(), Addend()))
    (node,) = spread_constants(graph_of(add)).nodes
    assert node.inputs == ("x", "x")
