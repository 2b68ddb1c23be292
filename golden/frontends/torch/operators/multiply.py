"""Products of two tensors."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer, Scaled
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.channel_constant import with_constant
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.multiply import Multiply as MultiplyNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(Scaled):
    """Product of two tensors, element by element."""

    keeps_rows: ClassVar[bool] = True

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        return inputs[0] * inputs[1]

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.refuse_order(self.inputs)
        first, second = self.inputs
        scale = context.scale(first) * context.scale(second)  # Of float32: exact in float64.
        node = MultiplyNode(
            inputs=self.inputs,
            output=self.output,
            encodings=(context.encoding(first), context.encoding(second)),
        )
        return context.requantized(node, self.clamp, scale)


@translates("mul")
def _multiply(call: Call, output: str) -> Layer:
    operands = call.operands
    if operands is None:
        return with_constant(call, output)
    return Multiply(inputs=operands, output=output)
