"""Softmax as TFLite's reference kernel computes it."""

from dataclasses import dataclass

from amaranth.hdl import Module, Value

from bittrue.golden.graph.softmax import Softmax as SoftmaxNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.gemmlowp import ONE
from bittrue.golden.numbers.softmax import SUM_INTEGER_BITS
from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.softmax_arithmetic import (
    MULTIPLICATIONS,
    SUM_BITS,
    Reciprocal,
    added,
    high_product,
    output_code,
)
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.softmax_rows import SoftmaxRows, SoftmaxRowsSpec
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class SoftmaxSpec(SoftmaxRowsSpec):
    """Softmax of codes of at most 8 bits; see `SoftmaxRowsSpec`."""

    node: SoftmaxNode

    exponential_width = ONE.bit_length()
    sum_width = SUM_BITS
    headroom = SUM_INTEGER_BITS
    reciprocal_cycles = MULTIPLICATIONS * (MULTIPLY_LATENCY + 1) + 1
    product_cycles = MULTIPLY_LATENCY

    @property
    def exponential(self) -> Int64:
        """The table of exponentials; differences beyond its end are as the last."""
        return self.node.exponential

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what the reciprocal, its multiplier and the sequence of a row take, estimated."""
        return Costs(316, 4)

    def build(self, name: str) -> "Softmax":
        """Return the circuit."""
        return Softmax(self, name)


@makes_layers_of(SoftmaxNode)
def softmax_spec(node: SoftmaxNode, place: Place) -> SoftmaxSpec:
    """Return the layer of a node."""
    return SoftmaxSpec(node, place.tensors)


class Softmax(SoftmaxRows[SoftmaxSpec]):
    """Softmax over the channels, row by row; see `SoftmaxRows`.

        o[c] = round(exponential[largest - i[c]] / sum of all exponentials), scaled

    `golden.numbers.softmax` has the arithmetic. One multiplier of 32 x 32 bits serves the
    reciprocal's Newton-Raphson steps and then the scaling of the codes, one after the other.

    Parameters
    ----------
    spec : SoftmaxSpec
    name : str
        Of the ROM file; unique within a design.
    """

    def _added(self, total: Value, term: Value) -> Value:
        return added(total, term)

    def _reciprocal(self, m: Module, stages: Stages, total: Value) -> Reciprocal:
        return Reciprocal(m, half_denominator=total[1:])

    def _multiplied(self, stages: Stages, a: Value, b: Value) -> Value:
        return high_product(stages, a, b)

    def _output_code(self, stages: Stages, product: Value, headroom: Value) -> Value:
        return output_code(stages, product, headroom, self.spec.output.type)
