"""Codes in another order, compared and interpolated: what golden makes of them, against numpy."""

from dataclasses import replace

import numpy as np
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, Graph, Node, Tensor
from bittrue.golden.graph.file import dumps, loads
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.min_max import MinMax
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear
from bittrue.golden.graph.transpose import Transpose
from bittrue.golden.numbers.arrays import Int64
from tests.support.graphs import codes_of, integer_type

SHAPE = (3, 4, 5)


def computed(node: Node, *tensors: Tensor) -> tuple[list[Int64], Int64]:
    """Return random codes and what a node makes of them, also when it is saved and loaded."""
    graph = Graph(tensors, (node,), (node.output,))
    given = {tensor.name: codes_of(tensor, 4) for tensor in tensors}
    result = Executor(graph).run(given)[node.output]
    assert np.array_equal(Executor(loads(dumps(graph))).run(given)[node.output], result)
    made = graph.tensors[node.output]
    assert made.minimum <= result.min() <= result.max() <= made.maximum
    return [codes.astype(np.int64) for codes in given.values()], result.astype(np.int64)


@pytest.mark.parametrize("kind", ["int8", "uint8", "uint3", "int16"])
@pytest.mark.parametrize(("axis", "indices"), [(0, (2, 0, 0)), (1, (3,)), (2, (4, 3, 2, 1, 0, 4))])
def test_elements_are_taken_by_number(kind: str, axis: int, indices: tuple[int, ...]) -> None:
    x = Tensor.of_type("x", SHAPE, integer_type(kind))
    (codes,), result = computed(Gather(inputs=("x",), output="y", axis=axis, indices=indices), x)
    assert np.array_equal(result, codes.take(indices, axis + 1))


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (1, 2, 0), (0, 1, 2)])
def test_dimensions_are_put_in_order(order: tuple[int, ...]) -> None:
    x = Tensor.of_type("x", SHAPE, integer_type("int8"))
    (codes,), result = computed(Transpose(inputs=("x",), output="y", permutation=order), x)
    assert np.array_equal(result, codes.transpose(0, *(axis + 1 for axis in order)))


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint4"])
@pytest.mark.parametrize("greatest", [False, True])
@pytest.mark.parametrize("other", [SHAPE, (5,), (4, 1), (3, 1, 1)])
def test_codes_are_compared(kind: str, greatest: bool, other: tuple[int, ...]) -> None:
    tensors = [Tensor.of_type(name, shape, integer_type(kind)) for name, shape in
               (("a", SHAPE), ("b", other))]  # fmt: skip
    node = MinMax(inputs=("a", "b"), output="y", greatest=greatest)
    (a, b), result = computed(node, *tensors)
    wide = b.reshape(len(b), *(1,) * (len(SHAPE) - len(other)), *other)
    assert np.array_equal(result, np.maximum(a, wide) if greatest else np.minimum(a, wide))


def weights_of(along: Interpolation, length: int, bits: int) -> Int64:
    """Return what each row of the input contributes to each of the output, written out."""
    matrix = np.zeros((len(along.first), length), np.int64)
    for row, (first, weight) in enumerate(zip(along.first, along.weight, strict=True)):
        matrix[row, first] += (1 << bits) - weight
        if weight:
            matrix[row, first + 1] += weight
    return matrix


ROWS = Interpolation((0, 0, 1, 2, 2), (0, 700, 1023, 0, 0))
COLUMNS = Interpolation((0, 1, 1, 2, 3, 3), (512, 0, 1, 1000, 0, 0))


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("zero_point", [0, 9])
def test_pixels_are_means_of_four(kind: str, zero_point: int) -> None:
    x = Tensor.of_type("x", SHAPE, integer_type(kind))
    node = ResizeBilinear(
        inputs=("x",), output="y", rows=ROWS, columns=COLUMNS, fraction_bits=10,
        encoding=Encoding(zero_point if kind != "int16" else 0),
    )  # fmt: skip
    (codes,), result = computed(node, x)
    rows, columns = weights_of(ROWS, 3, 10), weights_of(COLUMNS, 4, 10)
    values = node.encoding.decode(codes)
    assert np.array_equal(result, np.einsum("yh,xw,nhwc->nyxc", rows, columns, values))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (Interpolation((3,), (0,)), "rows have place 3 with weight 0; allowed: 0 to 2"),
        (Interpolation((0,), (1024,)), "rows have place 0 with weight 1024; allowed: .* 0 to 1023"),
        (Interpolation((2,), (1,)), "rows have weight 1 behind place 2, the last one; allowed: 0"),
        (Interpolation((), ()), "rows have 0 places and 0 weights; allowed: one or more"),
        (Interpolation((0, 1), (0,)), "rows have 2 places and 1 weights"),
    ],
)
def test_places_that_are_not_there_are_refused(rows: Interpolation, message: str) -> None:
    node = ResizeBilinear(inputs=("x",), output="y", rows=ROWS, columns=COLUMNS, fraction_bits=10)
    with pytest.raises(UserError, match=message):
        replace(node, rows=rows).infer(Tensor.of_type("x", SHAPE, integer_type("int8")))


def test_codes_of_two_types_are_not_compared() -> None:
    a, b = (Tensor.of_type(kind, SHAPE, integer_type(kind)) for kind in ("int8", "uint8"))
    with pytest.raises(UserError, match="its inputs are int8 and uint8; allowed: two of one type"):
        MinMax(inputs=("int8", "uint8"), output="y", greatest=True).infer(a, b)
