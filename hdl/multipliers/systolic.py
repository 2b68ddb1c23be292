"""Products in an array: inputs run from output to output, sums from lane to lane."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Value

from bittrue.golden.units.mac_spec import accumulator_for
from bittrue.hdl.blocks.multiply import LOGIC_WIDTH
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.blocks.systolic import systolic_sums, systolic_sums_latency
from bittrue.hdl.costs.costs import Costs, Count
from bittrue.hdl.multipliers.multiplier import WHOLE, Operands, PlainMultiplier, Tops, typed


@dataclass(frozen=True)
class SystolicMultiplier(PlainMultiplier):
    """The elements of the unit `hdl.units.weight_stationary`, a row a lane, a column an output.

    No wire reaches further than to a neighbour, and sums are added where they are multiplied: a
    hardware multiplier for each product, and no tree. Weights come from the ROM, each a cycle
    later for each row and column.
    """

    @property
    def name(self) -> str:
        """As users call it."""
        return "systolic"

    def latency(self, operands: Operands, lanes: int, outputs: int) -> int:
        """Return the cycles from codes to sums."""
        return systolic_sums_latency(lanes, outputs)

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
        kind = shape_of(accumulator_for(operands.weight, operands.code, len(codes)))

        def weight_of(lane: int, output: int) -> Value:
            weight = typed(weights[output][lane], operands.weight)
            return pipeline.register(f"{name}_weight_{lane}_{output}", weight, lane + output)

        values = [typed(code, operands.code) for code in codes]
        return systolic_sums(pipeline, values, weight_of, len(weights), kind, f"{name}_")

    def costs(self, operands: Operands, groups: Count, outputs: Count, lanes: Count) -> Costs:
        """Return what multiplies and adds up a beat takes, estimated."""
        products = outputs * lanes
        weight, code = operands.weight.width, operands.code.width
        if min(weight, code) <= LOGIC_WIDTH:
            return Costs((min(weight, code) * (max(weight, code) + 1) + weight + code) * products)
        # Weights wait in shift registers; sums are added by the hardware multipliers.
        return Costs((weight + 1) * products, products)


SYSTOLIC = SystolicMultiplier()
