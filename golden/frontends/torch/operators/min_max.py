"""The lesser or the greater of two tensors."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.clamp import limited_by
from bittrue.golden.frontends.torch.operators.max_pool import largest_of
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.min_max import MinMax as MinMaxNode


@dataclass(frozen=True, eq=False, kw_only=True)
class MinMax(Layer):
    """The greater of two values, or the lesser."""

    greatest: bool

    shares_scale: ClassVar[bool] = True
    treats_alike: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return (torch.maximum if self.greatest else torch.minimum)(*inputs)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.one_order(self.inputs, self.output)
        return MinMaxNode(inputs=self.inputs, output=self.output, greatest=self.greatest)


@translates("maximum", "minimum", "max", "min")
def _min_max(call: Call, output: str) -> Layer:
    greatest = call.operator in ("maximum", "max")
    if "other" not in call.arguments:
        if not greatest:
            raise call.refusal("is not supported along a dimension; allowed: of two tensors")
        return largest_of(call, output)
    operands = call.operands
    if operands is None:
        return limited_by(call, output, greatest)
    return MinMax(inputs=operands, output=output, greatest=greatest)
