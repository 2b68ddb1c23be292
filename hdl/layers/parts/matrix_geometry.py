"""Convolutions and dense layers as one shape of problem: windows of a tensor times a matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Node, Tensor, Window
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.layers.parts.window_spec import SlidingWindowSpec

_Count = TypeVar("_Count", int, Int64)
_NodeT = TypeVar("_NodeT", bound=Node)


@dataclass(frozen=True, eq=False)
class MatrixGeometry:
    """A matrix layer as windows of a tensor, each multiplied by the same weights.

    Parameters
    ----------
    subsampling : (int, int)
        Every how many rows and columns of the layer's input are kept, before the windows.
    shape : (int, int, int)
        Height, width and channels of what is kept. Where windows have one element each, all
        positions are rows of one column, so that no more than two of them are stored; but after
        subsampling rows are whole, so that there is work while rows are skipped.
    window : Window
        Over what is kept.
    weight : ndarray of int64, shape (outputs, window height, window width, channels or 1)
        The values that multiply.
    depthwise : bool
        Whether each output sees one channel; then the last dimension of `weight` is 1.
    """

    subsampling: tuple[int, int]
    shape: tuple[int, int, int]
    window: Window
    weight: Int64
    depthwise: bool = False

    @cached_property
    def values(self) -> tuple[int, ...]:
        """Every weight that there is, ascending."""
        return tuple(np.unique(self.weight).tolist())

    @property
    def outputs(self) -> int:
        """Output channels."""
        return len(self.weight)

    @property
    def least_folding(self) -> Folding:
        """One element of a window at a time, for one output, or for all that a channel has."""
        return Folding(outputs=self.outputs // self.shape[2] if self.depthwise else 1)

    @property
    def positions(self) -> int:
        """Windows of an image."""
        rows, columns = self.window.output_size(self.shape)
        return rows * columns

    @property
    def products(self) -> int:
        """Multiplications of an image."""
        return self.positions * self.weight.size

    @property
    def runs(self) -> tuple[int, int]:
        """How many runs of elements that lie side by side a row of the window has; their length."""
        columns, channels = self.window.size[1], self.shape[2]
        return (1, columns * channels) if self.window.dilation[1] == 1 else (columns, channels)

    def cycles(self, beats: _Count, outputs: _Count, lanes: int) -> _Count:
        """Return the cycles that an image takes to compute and to send.

        A frame of `outputs` is computed, in `beats` cycles, while the one before is sent, `lanes`
        elements a cycle; the last frame of a position has what outputs are left.

        Parameters
        ----------
        beats, outputs : int or ndarray of int64
        lanes : int
        """
        frames = -(-self.outputs // outputs)
        last = self.outputs - (frames - 1) * outputs
        full = (frames - 1) * np.maximum(beats, outputs // lanes)
        return self.positions * (full + np.maximum(beats, last // lanes))

    def window_spec(
        self, folding: Folding, tensor: Tensor, padding_code: int, lanes: int, passes: int = 1
    ) -> SlidingWindowSpec:
        """Return how the windows are read, `passes` times for each frame of outputs."""
        return SlidingWindowSpec(
            code=tensor.type,
            shape=self.shape,
            window=self.window,
            padding_code=padding_code,
            lanes=lanes,
            rows=folding.rows,
            elements=folding.elements,
            repeats=passes * (1 if self.depthwise else -(-self.outputs // folding.outputs)),
            channelwise=self.depthwise,
            memory=folding.window,
        )

    def folded_weights(self, folding: Folding) -> Int64:
        """Return the weights in the order of `window_spec`, (frames, beats, outputs, lanes).

        Zero where an output or an element does not exist.
        """
        outputs, height, width, _ = self.weight.shape
        rows, elements = folding.rows, folding.elements
        _check_divides("rows", rows, height, "rows of the window")
        if self.depthwise:
            _check_divides("elements", elements, self.shape[2], "channels")
        groups = height // rows
        if self.depthwise:
            each = self.outputs // self.shape[2]
            if folding.outputs != elements * each:
                raise UserError(
                    f"outputs is {folding.outputs}; a depthwise layer with {elements} elements "
                    f"computes {elements * each}"
                )
            folded = self.weight.reshape(-1, elements, each, groups, rows, width)
            ordered = folded.transpose(0, 3, 5, 1, 2, 4)
            return ordered.reshape(len(ordered), groups * width, elements * each, rows)
        taps, run = self.runs
        frames, chunks = -(-outputs // folding.outputs), -(-run // elements)
        missing_outputs = frames * folding.outputs - outputs
        missing_elements = chunks * elements - run
        padded = np.pad(
            self.weight.reshape(outputs, height, taps, run),
            ((0, missing_outputs), (0, 0), (0, 0), (0, missing_elements)),
        )
        folded = padded.reshape(frames, folding.outputs, groups, rows, taps, chunks, elements)
        ordered = folded.transpose(0, 2, 4, 5, 1, 3, 6)
        return ordered.reshape(frames, groups * taps * chunks, folding.outputs, rows * elements)


def once_for_each_node(
    make: Callable[[_NodeT, Tensor], MatrixGeometry],
) -> Callable[[_NodeT, Tensor], MatrixGeometry]:
    """Have a node's geometry made once, for as long as the node exists.

    Planning makes hundreds of layers of one node; with weights each, those of a layer of a million
    weights would fill a machine's memory.
    """
    made: WeakKeyDictionary[_NodeT, dict[tuple[int, ...], MatrixGeometry]] = WeakKeyDictionary()

    @wraps(make)
    def geometry(node: _NodeT, tensor: Tensor) -> MatrixGeometry:
        of_node = made.setdefault(node, {})
        if tensor.shape not in of_node:
            of_node[tensor.shape] = make(node, tensor)
        return of_node[tensor.shape]

    return geometry


def _check_divides(name: str, value: int, whole: int, what: str) -> None:
    """Refuse a part of a folding that does not divide what it is a part of."""
    if value < 1 or whole % value:
        nearest = next(n for n in range(min(max(value, 1), whole), 0, -1) if whole % n == 0)
        raise UserError(
            f"{name} is {value}; allowed: a divisor of the {whole} {what}, such as {nearest}"
        )
