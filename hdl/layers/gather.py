"""Elements taken by number along one dimension, as a layer."""

import math
from dataclasses import dataclass
from functools import cached_property

from bittrue.golden.errors import UserError
from bittrue.golden.graph.gather import Gather as GatherNode
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.reorder_layer import ReorderLayerSpec
from bittrue.hdl.layers.parts.reorder_spec import ReorderSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class GatherSpec(ReorderLayerSpec):
    """Elements taken by number along a dimension.

    Parameters
    ----------
    node : golden.graph.gather.Gather
        The dimension and the numbers.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, a divisor of the channels; 1 where channels are taken.
    """

    node: GatherNode

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._takes_channels and self.lanes > 1:
            raise UserError(f"lanes is {self.lanes} and channels are taken by number; allowed: 1")

    @property
    def _takes_channels(self) -> bool:
        return self.node.axis == len(self.tensors[0].shape) - 1

    @property
    def whole(self) -> tuple[int, ...]:
        """Channels that are whole beats: one where they are taken by number."""
        return (1,) if self._takes_channels else (self.tensors[0].channels,)

    @cached_property
    def order(self) -> ReorderSpec:
        """A block is what lies behind the dimension."""
        axis, shape = self.node.axis, self.tensors[0].shape
        beats = math.prod(shape[axis + 1 :]) // self.lanes
        return ReorderSpec(shape[axis], self.node.indices, beats)


@makes_layers_of(GatherNode)
def gather_spec(node: GatherNode, place: Place) -> GatherSpec:
    """Return the layer of a node."""
    return GatherSpec(node, place.tensors, place.common_lanes)
