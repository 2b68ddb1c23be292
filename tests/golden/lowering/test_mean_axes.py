"""Means over dimensions that lie apart, one run of them after the other."""

import itertools

import numpy as np
import pytest

from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, Graph, Tensor
from bittrue.golden.graph.mean import Mean
from bittrue.golden.lowering.mean_axes import follow_each_other, split_means
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.registry import layer_spec

INT8 = IntegerType(8, True)
AXES = [axes for count in range(1, 5) for axes in itertools.combinations(range(4), count)]


def graph_of(shape: tuple[int, ...], axes: tuple[int, ...], keep: bool) -> Graph:
    node = Mean(inputs=("x",), output="y", axes=axes, keep_dimensions=keep, encoding=Encoding(3))
    return Graph((Tensor.of_type("x", shape, INT8),), (node,), ("y",))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 1, 3, 4), (3, 2, 1, 1)])
def test_every_choice_of_dimensions_is_added_over(shape: tuple[int, ...], keep: bool) -> None:
    codes = np.random.default_rng(1).integers(-128, 128, (3, *shape))
    apart = 0
    for axes in AXES:
        graph = split_means(graph_of(shape, axes, keep))
        expected = (codes - 3).sum(axis=tuple(axis + 1 for axis in axes), keepdims=keep)
        np.testing.assert_array_equal(Executor(graph).run(codes)["y"], expected)
        for node in graph.nodes:
            tensor = graph.tensors[node.inputs[0]]
            spec = layer_spec(node, Place((tensor,), (1,), 1))
            (needed,) = spec.inputs_needed(np.array([spec.output.elements - 1]))
            assert needed.tolist() == [tensor.elements]
        apart += not follow_each_other(axes, shape)
        assert (len(graph.nodes) > 1) == (not follow_each_other(axes, shape))
    assert (apart > 0) == (shape != (3, 2, 1, 1))
