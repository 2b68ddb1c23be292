"""Any function of a code, as a layer."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from amaranth.hdl import Cat, Module, Value

from bittrue.golden.graph import Node
from bittrue.golden.graph.table import Table as TableNode
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
from bittrue.hdl.layers.parts.segment_table import (
    SEGMENT_TABLE_LATENCY,
    segment_table,
    segment_table_cost,
)
from bittrue.hdl.layers.parts.segments import Segments, segmented
from bittrue.hdl.layers.registry import makes_layers_of

_SEGMENTS: WeakKeyDictionary[Node, Segments] = WeakKeyDictionary()
"""The lines of wide tables, found once for each node: planning makes many layers of one."""


@dataclass(frozen=True, eq=False)
class TableSpec(BeatwiseSpec):
    """A look-up of the codes of a tensor; see `BeatwiseSpec`.

    Codes of more than 10 bits are looked up by segments, see `hdl.layers.parts.segments`.
    """

    node: TableNode

    @property
    def segments(self) -> Segments | None:
        """The lines of a table of wide codes; None where a ROM holds every value."""
        if self.tensors[0].type.width <= MAXIMUM_TABLE_WIDTH:
            return None
        if self.node not in _SEGMENTS:
            _SEGMENTS[self.node] = segmented(self.node.values)
        return _SEGMENTS[self.node]

    @property
    def latency(self) -> int:
        """Cycles of a look-up."""
        return CODE_TABLE_LATENCY if self.segments is None else SEGMENT_TABLE_LATENCY

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        segments = self.segments
        if segments is not None:
            return STREAM + segment_table_cost(segments, fabric) * self.lanes
        kind = self.tensors[0].type
        return STREAM + code_table_cost(kind, self.node.values, fabric) * self.lanes

    def build(self, name: str) -> "Table":
        """Return the circuit."""
        return Table(self, name)


@makes_layers_of(TableNode)
def table_spec(node: TableNode, place: Place) -> TableSpec:
    """Return the layer of a node."""
    return TableSpec(node, place.tensors, place.common_lanes)


class Table(Layer[TableSpec]):
    """Look every code up.

        o[k] = values[i[k] - lowest code]

    Parameters
    ----------
    spec : TableSpec
    name : str
        Prefix of the names of ROM files; each lane has ROMs of its own, all with the same content.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency `latency` cycles, one beat per cycle; all stages hold while the output waits.
    """

    def elaborate(self, platform: object) -> Module:
        """Build a ROM for each lane, or what segments take."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        width = self.spec.node.type.width
        found = [self._found(m, pipeline, lane) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.payload.as_value().eq(Cat(resized(value, width) for value in found))
        return m

    def _found(self, m: Module, pipeline: Pipeline, lane: int) -> Value:
        code, kind = self.i.payload[lane], self.spec.tensors[0].type
        where = m, pipeline, self.name, f"found_{lane}", code, kind
        if self.spec.segments is not None:
            return segment_table(*where, self.spec.segments)
        return code_table(*where, self.spec.node.values)
