"""Sums of windows, as a layer."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Window
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.graph.sum_pool import SumPool as SumPoolNode
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.global_pool import GlobalPoolSpec
from bittrue.hdl.layers.parts.window_pool import WindowPoolSpec, covers_the_image
from bittrue.hdl.layers.parts.window_reduce import Reduction
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class SumPoolSpec(WindowPoolSpec):
    """The sum of every window, requantized; see `WindowPoolSpec`."""

    node: SumPoolNode

    reduction = Reduction.SUM

    @property
    def window(self) -> Window:
        """What slides over the tensor."""
        return self.node.window

    @property
    def outside(self) -> int:
        """The code of zero."""
        if self.node.encoding.bipolar:
            raise UserError("its input is bipolar; sums of -1 and +1 by windows have no circuit")
        return self.node.encoding.zero_point

    @property
    def requantization(self) -> Requantization | None:
        """What makes codes of the sums."""
        return self.node.requantization

    @cached_property
    def requantizer(self) -> ChannelRequantSpec:
        """What makes codes of the sums, as a circuit."""
        zero = -self.window.taps * self.node.encoding.zero_point
        channels = self.tensors[0].channels
        bias = np.full(channels, zero, dtype=np.int64)
        return ChannelRequantSpec(self.requantization, self.accumulator, bias, channels, self.lanes)

    @property
    def scaling_latency(self) -> int:
        """Cycles of the requantizer."""
        return self.requantizer.latency

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what requantizers take."""
        return self.requantizer.usual_costs(fabric)

    def scaler(self, name: str) -> ChannelRequantizer:
        """Return the requantizer."""
        return ChannelRequantizer(self.requantizer, name, stalls=False)


@makes_layers_of(SumPoolNode)
def sum_pool_spec(node: SumPoolNode, place: Place) -> LayerSpec:
    """Return the layer of a node: over the whole image, or by windows that slide."""
    (tensor,), (lanes,) = place.tensors, place.lanes
    if covers_the_image(node.window, tensor):
        return GlobalPoolSpec(node, place.tensors, lanes, node.encoding, node.requantization)
    return SumPoolSpec(node, place.tensors, lanes, node.window.size[0])
