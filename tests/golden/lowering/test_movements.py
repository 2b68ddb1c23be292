"""Movements of codes against numpy's, and against ONNX's definitions written out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.golden.lowering.movements import (
    depth_to_space,
    picked,
    rearranged,
    repeated,
    set_apart,
    space_to_depth,
    tiled,
)
from tests.support.graphs import codes_of, integer_type

Codes = NDArray[np.integer]


def made(image: tuple[int, int, int], nodes: Sequence[Node] | None) -> tuple[Codes, Codes]:
    """Return random images and what nodes make of them."""
    assert nodes is not None
    x = Tensor.of_type("x", image, integer_type("int8"))
    graph = Graph((x,), tuple(nodes), ("y",))
    assert nodes[-1].output == "y"
    assert all(node.output.startswith("y") for node in nodes)
    codes = codes_of(x, 3)
    return codes, Executor(graph).run(codes)["y"]


@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (3, 1)])
def test_set_apart(stride: tuple[int, int]) -> None:
    codes, result = made((3, 4, 2), set_apart("x", (3, 4, 2), stride, -7, "y"))
    expected = np.full((3, 3 * stride[0], 4 * stride[1], 2), -7)
    expected[:, :: stride[0], :: stride[1]] = codes
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("times", [(1, 1), (2, 3), (4, 1)])
def test_repeated(times: tuple[int, int]) -> None:
    codes, result = made((3, 4, 2), repeated("x", (3, 4, 2), times, "y"))
    assert np.array_equal(result, codes.repeat(times[0], axis=1).repeat(times[1], axis=2))


@pytest.mark.parametrize("block", [1, 2, 3])
@pytest.mark.parametrize("columns_first", [False, True])
def test_depth_to_space(block: int, columns_first: bool) -> None:
    image = (3, 4, 2 * block**2)
    codes, result = made(image, depth_to_space("x", image, block, "y", columns_first))
    parts = (2, block, block) if columns_first else (block, block, 2)
    turned = (0, 1, 4, 2, 5, 3) if columns_first else (0, 1, 3, 2, 4, 5)
    expected = codes.reshape(3, 3, 4, *parts).transpose(turned)
    assert np.array_equal(result, expected.reshape(3, 3 * block, 4 * block, 2))


@pytest.mark.parametrize("block", [1, 2, 3])
def test_space_to_depth(block: int) -> None:
    image = (2 * block, 3 * block, 2)
    codes, result = made(image, space_to_depth("x", image, block, "y"))
    expected = codes.reshape(3, 2, block, 3, block, 2).transpose(0, 1, 3, 2, 4, 5)
    assert np.array_equal(result, expected.reshape(3, 2, 3, 2 * block**2))


PICKED = {
    "everything": (range(5), range(4)),
    "repeated": ([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], range(4)),
    "left out": (range(1, 5, 2), [3]),
    "both": ([2], [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]),
}


@pytest.mark.parametrize("case", PICKED)
def test_picked(case: str) -> None:
    rows, columns = PICKED[case]
    codes, result = made((5, 4, 3), picked("x", (5, 4, 3), (rows, columns), "y"))
    assert np.array_equal(result, codes[:, rows][:, :, columns])


@pytest.mark.parametrize("rows", [[0, 0, 1, 2, 3, 4], [0, 1, 3], [2, 1], [1, 1]])
def test_places_that_are_neither_are_not_picked(rows: list[int]) -> None:
    assert picked("x", (5, 4, 3), (rows, range(4)), "y") is None


@pytest.mark.parametrize(
    "indices",
    [
        {0: [4, 0, 0], 1: [3, 1], 2: range(3)},
        {1: [0, 0, 0, 1, 2, 3, 3], 0: [1, 3]},
        {2: [2, 1, 0], 1: range(1, 4, 2)},
        {0: range(5), 1: range(4)},
    ],
)
def test_rearranged(indices: Mapping[int, Sequence[int]]) -> None:
    codes, result = made((5, 4, 3), rearranged("x", (5, 4, 3), indices, "y"))
    expected = codes
    for axis, numbers in indices.items():
        expected = expected.take(list(numbers), axis + 1)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("times", [(2, 1, 3), (1, 4, 1), (1, 1, 1), (3, 2, 2)])
def test_tiled(times: tuple[int, ...]) -> None:
    codes, result = made((3, 4, 2), tiled("x", (3, 4, 2), times, "y"))
    assert np.array_equal(result, np.tile(codes, (1, *times)))
