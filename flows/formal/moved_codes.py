"""Units that move codes and compute nothing: where each element of the output comes from.

The numbers are those of numpy's own functions; no layer of the project has a part in them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bittrue.golden.numbers.arrays import Int64

CONSTANT = -1
"""Stands for an element that is the unit's own code, as of a border."""


@dataclass(frozen=True)
class Movement:
    """What a unit does to a frame, an image or the fewest beats that lanes divide.

    Parameters
    ----------
    entering : mapping of str to (int, int)
        Of each input stream, the elements of a frame and those of a beat.
    leaving : mapping of str to (ndarray of int64, int)
        Of each output stream, for every element of a frame the number of the element that it
        comes from, counted through the input streams one after the other, or `CONSTANT`; and the
        elements of a beat.
    width : int
        Bits of an element.
    code : int
        The code of elements that are `CONSTANT`, as an unsigned number.
    kept : int
        Frames that the unit has room for at most, a power of two.
    """

    entering: Mapping[str, tuple[int, int]]
    leaving: Mapping[str, tuple[Int64, int]]
    width: int
    code: int = 0
    kept: int = 4


CASES: Mapping[str, tuple[str, ...]] = {
    "fifo": ("depth=3 lanes=1 kind=uint1", "depth=1 lanes=2 kind=uint2"),
    "fork": ("outputs=2 lanes=2 kind=uint2",),
    "lanes": (
        "lanes_in=2 lanes_out=4 kind=uint2",
        "lanes_in=4 lanes_out=2 kind=uint2",
        "lanes_in=3 lanes_out=3 kind=uint2",
    ),
    "concat": ("shapes=1x1x2,1x1x1 axis=2 lanes=1 kind=uint1",),
    "pad": ("shape=1x2x1 padding=1,0,0,1,0,0 lanes=1 kind=uint1 code=1",),
    "subsample": ("shape=2x3x1 stride=2,2 lanes=1 kind=uint1",),
    "slice": ("shape=2x2x1 begin=1,0,0 size=1,2,1 stride=1,1,1 lanes=1 kind=uint1",),
    "broadcast": ("of=1x1x1 shape=2x1x1 lanes=1 kind=uint1",),
    "gather": ("shape=2x1x1 axis=0 indices=1,0,1 lanes=1 kind=uint1",),
    "transpose": ("shape=2x2x1 order=1,0,2 lanes=1 kind=uint1",),
}
"""Parameters of the units that are proved, small so that every state is thought of."""


def movement_of(unit: str, parameters: Mapping[str, Any]) -> Movement:
    """Return what a unit of `CASES` does to a frame, for parameters as its `parse` returns them."""
    return _MOVEMENTS[unit](parameters)


def _image(
    parameters: Mapping[str, Any], move: Callable[[Int64], Int64], code: int = 0, kept: int = 2
) -> Movement:
    """Return what a layer of one image does: `move` of the numbers of the image's elements."""
    shape, lanes = parameters["shape"], parameters["lanes"]
    numbers = np.arange(np.prod(shape)).reshape(shape)
    width = parameters["kind"].width
    sources = move(numbers).ravel()
    return Movement({"i": (numbers.size, lanes)}, {"o": (sources, lanes)}, width, code, kept)


def _beats(parameters: Mapping[str, Any], outputs: list[str], kept: int = 4) -> Movement:
    """Return what a unit does that gives the elements of each beat on."""
    lanes = parameters["lanes"]
    same = np.arange(lanes), lanes
    width = parameters["kind"].width
    return Movement({"i": (lanes, lanes)}, dict.fromkeys(outputs, same), width, kept=kept)


def _fifo(parameters: Mapping[str, Any]) -> Movement:
    return _beats(parameters, ["o"], 1 << (parameters["depth"] + 2).bit_length())


def _fork(parameters: Mapping[str, Any]) -> Movement:
    return _beats(parameters, [f"o{number}" for number in range(parameters["outputs"])])


def _lanes(parameters: Mapping[str, Any]) -> Movement:
    entering, leaving = parameters["lanes_in"], parameters["lanes_out"]
    frame = max(entering, leaving)
    moved = {"o": (np.arange(frame), leaving)}
    return Movement({"i": (frame, entering)}, moved, parameters["kind"].width)


def _pad(parameters: Mapping[str, Any]) -> Movement:
    borders = np.reshape(parameters["padding"], (-1, 2))
    code = parameters["code"] & ((1 << parameters["kind"].width) - 1)
    return _image(parameters, lambda x: np.pad(x, borders, constant_values=CONSTANT), code)


def _subsample(parameters: Mapping[str, Any]) -> Movement:
    down, across = parameters["stride"]
    return _image(parameters, lambda x: x[::down, ::across])


def _slice(parameters: Mapping[str, Any]) -> Movement:
    places = tuple(
        slice(begin, begin + size * stride, stride)
        for begin, size, stride in zip(
            parameters["begin"], parameters["size"], parameters["stride"], strict=True
        )
    )
    return _image(parameters, lambda x: x[places])


def _concat(parameters: Mapping[str, Any]) -> Movement:
    lanes = parameters["lanes"]
    numbers, begin = [], 0
    for shape in parameters["shapes"]:
        numbers.append(np.arange(begin, begin + np.prod(shape)).reshape(shape))
        begin += numbers[-1].size
    joined = np.concatenate(numbers, parameters["axis"]).ravel()
    entering = {f"i{n}": (each.size, lanes) for n, each in enumerate(numbers)}
    return Movement(entering, {"o": (joined, lanes)}, parameters["kind"].width, kept=2)


def _broadcast(parameters: Mapping[str, Any]) -> Movement:
    given = {**parameters, "shape": parameters["of"]}
    return _image(given, lambda x: np.broadcast_to(x, parameters["shape"]), kept=4)


def _gather(parameters: Mapping[str, Any]) -> Movement:
    return _image(
        parameters, lambda x: np.take(x, parameters["indices"], parameters["axis"]), kept=4
    )


def _transpose(parameters: Mapping[str, Any]) -> Movement:
    return _image(parameters, lambda x: x.transpose(parameters["order"]), kept=4)


_MOVEMENTS: Mapping[str, Callable[[Mapping[str, Any]], Movement]] = {
    "fifo": _fifo,
    "fork": _fork,
    "lanes": _lanes,
    "pad": _pad,
    "subsample": _subsample,
    "slice": _slice,
    "concat": _concat,
    "broadcast": _broadcast,
    "gather": _gather,
    "transpose": _transpose,
}
