"""Means of windows, as a layer."""

from dataclasses import dataclass
from functools import cached_property

from bittrue.golden.graph import Tensor, Window
from bittrue.golden.graph.average_pool import AveragePool as AveragePoolNode
from bittrue.golden.graph.tensor import Encoding
from bittrue.golden.lowering.certify import certified_average
from bittrue.hdl.blocks.look_up import stored_width
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import usual_rom_cost
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.global_pool import GlobalPoolSpec
from bittrue.hdl.layers.parts.window_average import WindowAverage, WindowAverageSpec
from bittrue.hdl.layers.parts.window_pool import WindowPoolSpec, covers_the_image
from bittrue.hdl.layers.parts.window_reduce import Reduction
from bittrue.hdl.layers.registry import makes_layers_of
from bittrue.hdl.units.certified_requant import (
    certificate_columns,
    certificate_multipliers,
    certificate_tables,
)


@dataclass(frozen=True, eq=False)
class AveragePoolSpec(WindowPoolSpec):
    """The mean of every window over its taps inside the tensor, clamped; see `WindowPoolSpec`."""

    node: AveragePoolNode

    reduction = Reduction.SUM
    outside = 0  # Adds nothing to a sum of codes.

    @property
    def window(self) -> Window:
        """What slides over the tensor."""
        return self.node.window

    @cached_property
    def average(self) -> WindowAverageSpec:
        """What divides sums."""
        low, high = self.node.minimum, self.node.maximum
        return WindowAverageSpec(
            self.window, low, high, self.tensors[0], self.accumulator, self.lanes
        )

    @property
    def scaling_latency(self) -> int:
        """Cycles of a division."""
        return self.average.latency

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what divisions take."""
        certificate = self.average.division.certificate
        columns = certificate_columns(certificate)
        tables = certificate_tables(certificate, self.accumulator)
        rom = usual_rom_cost(stored_width(columns), len(certificate), fabric).sum()
        return (Costs(tables, certificate_multipliers(certificate)) + rom) * self.lanes

    def scaler(self, name: str) -> WindowAverage:
        """Return what divides sums."""
        return WindowAverage(self.average, name)


def global_average_spec(
    node: AveragePoolNode, tensors: tuple[Tensor, ...], lanes: int
) -> GlobalPoolSpec:
    """Return an average over a whole image; the division is a certificate."""
    tensor = tensors[0]
    pixels = tensor.elements // tensor.channels
    division = certified_average(pixels, tensor.type, node.minimum, node.maximum)
    return GlobalPoolSpec(node, tensors, lanes, Encoding(), division)


@makes_layers_of(AveragePoolNode)
def average_pool_spec(node: AveragePoolNode, place: Place) -> LayerSpec:
    """Return the layer of a node: over the whole image, or by windows that slide."""
    (tensor,), (lanes,) = place.tensors, place.lanes
    if covers_the_image(node.window, tensor):
        return global_average_spec(node, place.tensors, lanes)
    return AveragePoolSpec(node, place.tensors, lanes, node.window.size[0])
