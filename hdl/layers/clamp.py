"""Limits of a code: relu, relu6, as a layer."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module

from bittrue.golden.graph.clamp import Clamp as ClampNode
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, clamp_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.codes import clamped
from bittrue.hdl.layers.parts.lanewise import BeatwiseSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class ClampSpec(BeatwiseSpec):
    """Limits of the codes of a tensor; see `BeatwiseSpec`."""

    node: ClampNode

    @property
    def latency(self) -> int:
        """Cycles of a comparison."""
        return 1

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        return STREAM + clamp_cost(self.output.type.width) * self.lanes

    def build(self, name: str) -> "Clamp":
        """Return the circuit."""
        return Clamp(self, name)


@makes_layers_of(ClampNode)
def clamp_spec(node: ClampNode, place: Place) -> ClampSpec:
    """Return the layer of a node."""
    return ClampSpec(node, place.tensors, place.common_lanes)


class Clamp(Layer[ClampSpec]):
    """Limit codes to a range.

        o[k] = min(max(i[k], minimum), maximum)

    Parameters
    ----------
    spec : ClampSpec
    name : str
        See `Layer`.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency 1 cycle, one beat per cycle.
    """

    def elaborate(self, platform: object) -> Module:
        """Compare with both limits."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        low, high = self.spec.node.minimum, self.spec.node.maximum
        codes = [clamped(self.i.payload[lane], low, high) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.payload.as_value().eq(
            Cat(pipeline.register(f"code_{lane}", code) for lane, code in enumerate(codes))
        )
        return m
