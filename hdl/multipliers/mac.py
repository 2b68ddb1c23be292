"""Hardware multipliers, one or several products in each, and multipliers in logic."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Value

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units import mac_spec
from bittrue.golden.units.mac_spec import MINIMUM_OPERAND_WIDTH, MacSpec
from bittrue.golden.units.packing import find_packing
from bittrue.hdl.blocks.booth import lut_rows_bits
from bittrue.hdl.blocks.dot_product import dot_product_latency, dot_products
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.costs.costs import Costs, Count
from bittrue.hdl.multipliers.multiplier import WHOLE, Multiplier, Operands, Tops, typed
from bittrue.hdl.multipliers.rows import rows_cost

_MOST_PRODUCTS = 8
"""More products than any hardware multiplier makes at once."""


@dataclass(frozen=True)
class MacMultiplier(Multiplier):
    """What a multiply-accumulate unit multiplies with.

    Parameters
    ----------
    kind : golden.units.mac_spec.Multiplier
        A hardware multiplier for each product or for several, or tables.
    """

    kind: mac_spec.Multiplier

    @property
    def name(self) -> str:
        """As users call it."""
        return self.kind.value

    def check(self, operands: Operands) -> None:
        """Refuse operands that are too wide."""
        widest = self.kind.widest
        for what, operand in (("weights are", operands.weight), ("the input is", operands.code)):
            if operand.width > widest:
                raise UserError(f"{what} {operand}; {self.name} multiplies up to {widest} bits")

    def weight_type(self, operands: Operands) -> IntegerType:
        """Return a type with as many bits as multipliers take."""
        return _operand(operands.weight)

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums."""
        return dot_product_latency(self._mac(operands, lanes, outputs))

    def sums(
        self,
        pipeline: Stages,
        name: str,
        operands: Operands,
        weights: Sequence[Sequence[Value]],
        codes: Sequence[Value],
        tops: Tops = WHOLE,
    ) -> list[Value]:
        """Return the sum of products of each output."""
        weight = self.weight_type(operands)
        rows = [[typed(bits, weight) for bits in row] for row in weights]
        lanes = [typed(bits, operands.code, MINIMUM_OPERAND_WIDTH) for bits in codes]
        mac = self._mac(operands, len(codes), len(weights))
        return [row[0] for row in dot_products(pipeline, name, mac, rows, [lanes])]

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        weight, code = self.weight_type(operands), _operand(operands.code)
        products = outputs * lanes
        if self.kind is mac_spec.Multiplier.LUT:
            return rows_cost([lut_rows_bits(shape_of(weight), shape_of(code))], outputs, lanes)
        if self.kind is mac_spec.Multiplier.DSP:
            return Costs(12 * products, products)
        packing = find_packing(self.kind, weight, code, _MOST_PRODUCTS, 1, _MOST_PRODUCTS)
        pairs = -(-(outputs // groups) // packing.a_count) * lanes * groups
        # A hardware multiplier adds two of the operands that share it, and the product of another
        # one to its own; what is left is to add the sums of chains.
        packed = max(packing.a_count - 2, 0) * weight.width
        chains = -(-lanes // packing.chain)
        return Costs(packed * pairs + (packing.stride + 1) * (chains - 1) * outputs, pairs)

    def _mac(self, operands: Operands, lanes: int, outputs: int) -> MacSpec:
        weight, code = self.weight_type(operands), _operand(operands.code)
        return MacSpec(weight, code, lanes, outputs, length=lanes, multiplier=self.kind)


DSP = MacMultiplier(mac_spec.Multiplier.DSP)
LUT = MacMultiplier(mac_spec.Multiplier.LUT)
PACKED_DSP48E1 = MacMultiplier(mac_spec.Multiplier.PACKED_DSP48E1)
PACKED_MULT18X18D = MacMultiplier(mac_spec.Multiplier.PACKED_MULT18X18D)


def _operand(kind: IntegerType) -> IntegerType:
    """Return the type with at least as many bits as multipliers take."""
    return IntegerType(max(kind.width, MINIMUM_OPERAND_WIDTH), kind.signed)
