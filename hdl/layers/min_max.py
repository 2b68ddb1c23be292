"""The lesser or the greater of two codes, as a layer."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux

from bittrue.golden.graph.min_max import MinMax as MinMaxNode
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.elementwise import require_equal_shapes
from bittrue.hdl.layers.parts.join import join
from bittrue.hdl.layers.parts.lanewise import BeatwiseSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class MinMaxSpec(BeatwiseSpec):
    """The lesser or the greater of two codes; see `BeatwiseSpec`."""

    node: MinMaxNode

    def __post_init__(self) -> None:
        require_equal_shapes(self.node, self.tensors)
        super().__post_init__()

    @property
    def latency(self) -> int:
        """Cycles of a comparison."""
        return 1

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        # A carry chain compares two bits to a table, and signs; a table chooses each bit.
        width = self.output.type.width
        return STREAM + Costs(width + width // 2 + 2) * self.lanes

    def build(self, name: str) -> "MinMax":
        """Return the circuit."""
        return MinMax(self, name)


@makes_layers_of(MinMaxNode)
def min_max_spec(node: MinMaxNode, place: Place) -> MinMaxSpec:
    """Return the layer of a node."""
    return MinMaxSpec(node, place.tensors, place.common_lanes)


class MinMax(Layer[MinMaxSpec]):
    """Take the lesser, or the greater, of the codes of two tensors.

        o[k] = max(i0[k], i1[k])  or  min(i0[k], i1[k])

    Parameters
    ----------
    spec : MinMaxSpec
    name : str
        See `Layer`.

    Members
    -------
    i0, i1 : In(stream)
        Codes of each input.
    o : Out(stream)
        The codes taken.

    Latency 1 cycle, one beat per cycle.
    """

    def elaborate(self, platform: object) -> Module:
        """Compare the codes of each lane."""
        m = Module()
        pipeline = Pipeline(m, platform, join(m, self.inputs), self.o, self.latency)
        codes = []
        for lane in range(self.spec.lanes):
            one, other = (given.payload[lane] for given in self.inputs)
            first = one > other if self.spec.node.greatest else one < other
            codes.append(pipeline.register(f"code_{lane}", Mux(first, one, other)))
        m.d.comb += self.o.payload.as_value().eq(Cat(codes))
        return m
