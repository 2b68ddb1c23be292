"""Dimensions in another order, as a layer."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.transpose import Transpose as TransposeNode
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.reorder import Loops
from bittrue.hdl.layers.parts.reorder_layer import ReorderLayerSpec
from bittrue.hdl.layers.parts.reorder_spec import ReorderSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class TransposeSpec(ReorderLayerSpec):
    """Dimensions of images in another order.

    Parameters
    ----------
    node : golden.graph.transpose.Transpose
        The order.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, a divisor of the channels; 1 where other dimensions become channels.
    """

    node: TransposeNode

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lanes > 1 and not self._kept:
            raise UserError(
                f"lanes is {self.lanes} and channels are moved by {self.node.permutation}; "
                "allowed: 1"
            )

    @property
    def _kept(self) -> int:
        """The last dimensions, as many as stay where they are."""
        order = self.node.permutation
        moved = [axis for axis, source in enumerate(order) if axis != source]
        return len(order) - 1 - max(moved, default=-1)

    @property
    def _still(self) -> int:
        """The first dimensions, as many as stay where they are."""
        order = self.node.permutation
        return next((axis for axis, source in enumerate(order) if axis != source), 0)

    @property
    def whole(self) -> tuple[int, ...]:
        """Channels that are whole beats: one where they are moved."""
        return (self.tensors[0].channels,) if self._kept else (1,)

    @property
    def _moved(self) -> tuple[list[int], list[int]]:
        """Sizes of the dimensions in between, in the output's order, and their steps."""
        shape, order = self.tensors[0].shape, self.node.permutation
        first, end = self._still, len(shape) - self._kept
        strides = [math.prod(shape[axis + 1 : end]) for axis in range(len(shape))]
        sources = order[first:end]
        if not sources:  # Nothing is moved: one block at a time.
            return [1], [1]
        return [shape[axis] for axis in sources], [strides[axis] for axis in sources]

    @cached_property
    def order(self) -> ReorderSpec:
        """A block is what lies behind the dimensions that are moved, a period what they span."""
        sizes, strides = self._moved
        places = np.zeros(sizes, dtype=np.int64)
        for stride, numbers in zip(strides, np.indices(sizes), strict=True):
            places += numbers * stride
        shape = self.tensors[0].shape
        beats = math.prod(shape[len(shape) - self._kept :]) // self.lanes
        return ReorderSpec(math.prod(sizes), tuple(places.ravel().tolist()), beats, whole=True)

    @property
    def loops(self) -> Loops:
        """Loops over the dimensions of the output."""
        return Loops(*self._moved)


@makes_layers_of(TransposeNode)
def transpose_spec(node: TransposeNode, place: Place) -> TransposeSpec:
    """Return the layer of a node."""
    return TransposeSpec(node, place.tensors, place.common_lanes)
