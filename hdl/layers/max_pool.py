"""Maxima of windows, as a layer."""

from dataclasses import dataclass

from amaranth.hdl import Value

from bittrue.golden.graph import Window
from bittrue.golden.graph.max_pool import MaxPool as MaxPoolNode
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.codes import clamped
from bittrue.hdl.layers.parts.window_pool import WindowPoolSpec
from bittrue.hdl.layers.parts.window_reduce import Reduction
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class MaxPoolSpec(WindowPoolSpec):
    """The largest code of every window, clamped; see `WindowPoolSpec`."""

    node: MaxPoolNode

    reduction = Reduction.MAXIMUM
    scaling_latency = 0

    @property
    def window(self) -> Window:
        """What slides over the tensor."""
        return self.node.window

    @property
    def outside(self) -> int:
        """The least code, which is no maximum."""
        return self.tensors[0].type.minimum

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what a clamp takes."""
        return Costs()

    def scaler(self, name: str) -> None:
        """Return None: `direct` makes codes of maxima."""

    def direct(self, result: Value) -> Value:
        """Return a maximum, clamped."""
        return clamped(result, self.node.minimum, self.node.maximum)


@makes_layers_of(MaxPoolNode)
def max_pool_spec(node: MaxPoolNode, place: Place) -> MaxPoolSpec:
    """Return the layer of a node, which reads whole columns of its windows."""
    return MaxPoolSpec(node, place.tensors, place.lanes[0], node.window.size[0])
