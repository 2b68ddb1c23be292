"""Any function of a code, as a layer."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.code_table import (
    CODE_TABLE_LATENCY,
    MAXIMUM_TABLE_WIDTH,
    code_table,
    code_table_cost,
)
from bittrue.hdl.layers.parts.codes import resized
from bittrue.hdl.layers.parts.lanewise import BeatwiseSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class TableSpec(BeatwiseSpec):
    """A look-up of the codes of a tensor, of at most 10 bits; see `BeatwiseSpec`."""

    node: graph.Table

    def __post_init__(self) -> None:
        super().__post_init__()
        tensor = self.tensors[0]
        if tensor.type.width > MAXIMUM_TABLE_WIDTH:
            raise UserError(
                f"tensor {tensor.name!r} is {tensor.type}; a table in ROM takes codes of up to "
                f"{MAXIMUM_TABLE_WIDTH} bits"
            )

    @property
    def latency(self) -> int:
        """Cycles of a look-up."""
        return CODE_TABLE_LATENCY

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        kind = self.tensors[0].type
        return STREAM + code_table_cost(kind, self.node.values, fabric) * self.lanes

    def build(self, name: str) -> "Table":
        """Return the circuit."""
        return Table(self, name)


@makes_layers_of(graph.Table)
def table_spec(node: graph.Table, place: Place) -> TableSpec:
    """Return the layer of a node."""
    return TableSpec(node, place.tensors, place.common_lanes)


class Table(Layer[TableSpec]):
    """Look every code up.

        o[k] = values[i[k] - lowest code]

    Parameters
    ----------
    spec : TableSpec
    name : str
        Of the ROM file; each lane has a ROM of its own, all with the same content.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency 2 cycles, one beat per cycle; both stages hold while the output waits.
    """

    def elaborate(self, platform: object) -> Module:
        """Build a ROM for each lane."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        width = self.spec.node.type.width
        found = [
            code_table(
                m,
                pipeline,
                self.name,
                f"found_{lane}",
                self.i.payload[lane],
                self.spec.tensors[0].type,
                self.spec.node.values,
            )
            for lane in range(self.spec.lanes)
        ]
        m.d.comb += self.o.payload.as_value().eq(Cat(resized(value, width) for value in found))
        return m
