"""Changes of scale, zero point or width, as a layer."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Module

from bittrue.golden.graph.requantize import Requantize as RequantizeNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.code_table import CODE_TABLE_LATENCY, code_table, code_table_cost
from bittrue.hdl.layers.parts.codes import decoded, resized
from bittrue.hdl.layers.parts.elementwise import CHEAP_TABLE_WIDTH, Elementwise, ElementwiseSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class RequantizeSpec(ElementwiseSpec):
    """A change of scale, zero point or width; see `ElementwiseSpec`."""

    node: RequantizeNode

    @cached_property
    def values(self) -> Int64 | None:
        """The output of every code, where a table of them is cheap; None otherwise."""
        tensor, requantization = self.tensors[0], self.requantization
        kind = tensor.type
        if requantization is None or len(requantization) > 1 or kind.width > CHEAP_TABLE_WIDTH:
            return None
        codes = np.arange(tensor.minimum, tensor.maximum + 1)
        values = requantization.evaluate(self.node.encoding.decode(codes)[:, None])[:, 0]
        absent = tensor.minimum - kind.minimum, kind.maximum - tensor.maximum
        return np.pad(values, absent, mode="edge")

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return CODE_TABLE_LATENCY if self.values is not None else super().latency

    @property
    def accumulation(self) -> int:
        """Cycles that values take."""
        return 1

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        kind = self.tensors[0].type
        if self.values is not None:
            return STREAM + code_table_cost(kind, self.values, fabric) * self.lanes
        return STREAM + Costs(kind.width) * self.lanes + self.scaling_costs(fabric)

    def build(self, name: str) -> "RequantizeLayer":
        """Return the circuit."""
        return RequantizeLayer(self, name)


@makes_layers_of(RequantizeNode)
def requantize_spec(node: RequantizeNode, place: Place) -> RequantizeSpec:
    """Return the layer of a node."""
    return RequantizeSpec(node, place.tensors, place.common_lanes)


class RequantizeLayer(Elementwise[RequantizeSpec]):
    """Change scale, zero point or width.

        o[k] = requantize(value(i[k]))

    Parameters
    ----------
    spec : RequantizeSpec
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency `latency` cycles, one beat per cycle: 2 for codes of up to 8 bits that all channels
    scale alike, for which a table does; otherwise that of a requantizer and 1.
    """

    def elaborate(self, platform: object) -> Module:
        """Look every code up, or subtract the zero point and requantize."""
        m = Module()
        codes = [self.i.payload[lane] for lane in range(self.spec.lanes)]
        values = self.spec.values
        if values is not None:
            pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
            kind, width = self.spec.tensors[0].type, len(self.o.payload[0])
            found = [
                code_table(m, pipeline, self.name, f"found_{lane}", code, kind, values)
                for lane, code in enumerate(codes)
            ]
            m.d.comb += self.o.payload.as_value().eq(Cat(resized(value, width) for value in found))
            return m
        computing, requantizer = self._accumulating(m, platform, self.i)
        decoded_codes = [
            computing.register(f"value_{lane}", decoded(code, self.spec.node.encoding))
            for lane, code in enumerate(codes)
        ]
        self._requantize(m, requantizer, decoded_codes)
        return m
