"""Products of two tensors, as a layer."""

from dataclasses import dataclass

from amaranth.hdl import Module

from bittrue.golden.graph.multiply import Multiply as MultiplyNode
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, product_cost
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.codes import decoded
from bittrue.hdl.layers.parts.elementwise import Elementwise, ElementwiseSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class MultiplySpec(ElementwiseSpec):
    """The product of two tensors of one shape; see `ElementwiseSpec`."""

    node: MultiplyNode

    @property
    def accumulation(self) -> int:
        """Cycles that products take."""
        return MULTIPLIER_LATENCY

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        widths = [tensor.type.width for tensor in self.tensors]
        subtracting = Costs(sum(widths)) * self.lanes
        products = product_cost(*widths) * self.lanes
        return STREAM + subtracting + products + self.scaling_costs(fabric)

    def build(self, name: str) -> "MultiplyLayer":
        """Return the circuit."""
        return MultiplyLayer(self, name)


@makes_layers_of(MultiplyNode)
def multiply_spec(node: MultiplyNode, place: Place) -> MultiplySpec:
    """Return the layer of a node."""
    return MultiplySpec(node, place.tensors, place.common_lanes)


class MultiplyLayer(Elementwise[MultiplySpec]):
    """Multiply two tensors and scale the product.

        o[k] = requantize(value(i0[k]) * value(i1[k]))

    Parameters
    ----------
    spec : MultiplySpec
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i0, i1 : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the product.

    Latency `latency` cycles, one beat per cycle; each lane has a multiplier.
    """

    def elaborate(self, platform: object) -> Module:
        """Subtract zero points and multiply."""
        m = Module()
        joined, inputs = self._joined(m)
        pipeline, requantizer = self._accumulating(m, platform, joined)
        products = []
        for lane in range(self.spec.lanes):
            values = [
                decoded(given.payload[lane], encoding)
                for given, encoding in zip(inputs, self.spec.node.encodings, strict=True)
            ]
            products.append(multiplier(pipeline, f"product_{lane}", *values))
        self._requantize(m, requantizer, products)
        return m
