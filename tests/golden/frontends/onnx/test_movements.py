"""Codes in other places, of ONNX models in each way they say so, against ONNX Runtime."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import assert_equal

CHANNELS, HEIGHT, WIDTH = 6, 4, 5

Move = Callable[[QuantizedBuilder, str], str]


def pad(mode: str, *pads: int, axes: tuple[int, ...] = ()) -> Move:
    def move(b: QuantizedBuilder, x: str) -> str:
        constants = [b.builder.constant(np.array(pads, np.int64)), ""]
        constants += [b.builder.constant(np.array(axes, np.int64))] if axes else []
        return b.builder.operator("Pad", x, *constants, mode=mode)

    return move


def slices(starts: list[int], ends: list[int], axes: list[int], steps: list[int]) -> Move:
    def move(b: QuantizedBuilder, x: str) -> str:
        lists = [b.builder.constant(np.array(e, np.int64)) for e in (starts, ends, axes, steps)]
        return b.builder.operator("Slice", x, *lists)

    return move


def sized(kind: str, *sizes: int) -> Move:
    """Return Tile or Expand."""
    return lambda b, x: b.builder.operator(kind, x, b.builder.constant(np.array(sizes, np.int64)))


def nearest(height: int, width: int, **attributes: str) -> Move:
    def move(b: QuantizedBuilder, x: str) -> str:
        sizes = b.builder.constant(np.array([1, CHANNELS, height, width], np.int64))
        return b.builder.operator("Resize", x, "", "", sizes, mode="nearest", **attributes)

    return move


END = -(1 << 40)
MOVES: dict[str, Move] = {
    "reflect": pad("reflect", 0, 0, 1, 2, 0, 0, 3, 4),
    "reflect channels": pad("reflect", 0, 5, 0, 0, 0, 0, 0, 0),
    "edge": pad("edge", 0, 0, 2, 0, 0, 1, 0, 7),
    "wrap": pad("wrap", 0, 0, 1, 2, 0, 0, 4, 0),
    "reflect named axes": pad("reflect", 2, 1, 0, 1, axes=(-1, 2)),
    "constant named axes": pad("constant", 2, 1, axes=(3,)),
    "backwards": slices([-1, 3], [END, END], [3, 1], [-1, -1]),
    "backwards, every other": slices([4], [0], [3], [-2]),
    "tile": sized("Tile", 1, 2, 1, 3),
    "expand what is there": sized("Expand", CHANNELS, 1, WIDTH),
    "to more rows": nearest(7, 5),
    "to fewer columns": nearest(6, 3, coordinate_transformation_mode="asymmetric"),
    "align corners": nearest(7, 9, coordinate_transformation_mode="align_corners"),
}


def network(move: Move) -> onnx.ModelProto:
    """Return one that moves an image that a convolution has made."""
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.convolution(b.input(3, HEIGHT, WIDTH), CHANNELS, size=1)
    proto = b.model(b.quantized(move(b, b.real(x)), (), x.scale, x.zero_point))
    proto.opset_import[0].version = 19  # From which on Pad wraps, and names axes.
    return proto


@pytest.mark.parametrize("name", MOVES)
def test_equals_onnxruntime(name: str) -> None:
    assert_equal(network(MOVES[name]), samples=3)


def test_channels_are_expanded() -> None:
    """A gate for each channel becomes an image."""
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.input(3, 4, 5)
    y = b.unary("GlobalAveragePool", x, (3, 1, 1), integer=True)
    to = b.builder.constant(np.array([1, 1, 4, 5], np.int64))
    z = b.builder.operator("Expand", b.real(y), to)
    assert_equal(b.model(b.quantized(z, (3, 4, 5), y.scale, y.zero_point)), samples=4)


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (pad("reflect", 0, 0, 4, 0, 0, 0, 0, 0), r"pads a dimension of 4 by \(4, 0\)"),
        (pad("edge", 0, 0, -1, 0, 0, 0, 0, 0), "not negative, none of the batch"),
        (pad("edge", 1, 0, 0, 0, 0, 0, 0, 0), "allowed: none of the batch"),
        (pad("reflect", 1, 1, axes=(4,)), "its axes are"),
        (slices([0], [1], [1], [-1]), "takes no elements"),
        (sized("Tile", 2, 1, 1, 1), "1 of the batch"),
        (sized("Expand", 2, 1, 1, 1), "not the batch"),
        (sized("Expand", 1, 5, 4, 5), "dimensions of 1 to others"),
    ],
)
def test_refused(move: Move, message: str) -> None:
    with pytest.raises(UserError, match=message):
        convert_onnx(network(move).SerializeToString())
