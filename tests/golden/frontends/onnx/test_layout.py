"""Reshapes and transposes that move no code, against numpy doing the same to the codes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.layout import Layout, usual_order

SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)


@given(SIZES, st.data())
def test_layouts_follow_numpy(shape: tuple[int, ...], data: st.DataObject) -> None:
    codes = np.arange(math.prod(shape)).reshape(shape)
    graph = codes.transpose(usual_order(len(shape))) if len(shape) == 3 else codes
    layout = Layout.usual(shape)
    for _ in range(data.draw(st.integers(0, 4))):
        rank = codes.ndim
        if data.draw(st.booleans()):
            order = data.draw(st.permutations(range(rank)))
            codes, layout = codes.transpose(order), layout.transposed(order)
        elif data.draw(st.booleans()):
            first = data.draw(st.integers(0, rank - 1))
            size = codes.shape[first]
            factor = data.draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
            wanted = (*codes.shape[:first], factor, size // factor, *codes.shape[first + 1 :])
            try:
                layout = layout.reshaped(wanted)
            except UserError:  # A dimension joined of several, in another order than in memory.
                assert not np.array_equal(np.sort(layout.order(), axis=None), layout.order().flat)
                return
            codes = codes.reshape(wanted)
        else:
            codes, layout = codes.reshape(-1), layout.reshaped((codes.size,))
        assert layout.shape == codes.shape
        assert np.array_equal(graph.reshape(-1)[layout.order()], codes)
    for axes in (usual_order(codes.ndim), tuple(range(codes.ndim))):
        same = np.array_equal(codes.transpose(axes).reshape(-1), graph.reshape(-1))
        assert layout.lies_as(axes) == same


@pytest.mark.parametrize("shape", [(5, 12), (2, 3, 4), (61,)])
def test_other_sizes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="reshapes"):
        Layout.usual((4, 3, 5)).reshaped(shape)
