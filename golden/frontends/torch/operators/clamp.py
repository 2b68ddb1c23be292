"""Values limited to a range."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor
from torch.fx import Node

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.limits import RELU, Range, within
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.clamp import Clamp as ClampNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Clamp(Layer):
    """Values limited to a range, where no other layer can do it."""

    limits: Range

    shares_scale: ClassVar[bool] = True
    leaves_grid: ClassVar[bool] = True
    treats_alike: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return inputs[0].clamp(*self.limits)

    @property
    def only_limits(self) -> Range:
        """See `Layer.only_limits`."""
        return self.limits

    def limited(self, limits: Range) -> Layer:
        """See `Layer.limited`."""
        return replace(self, limits=within(self.limits, limits))

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        minimum, maximum = context.limits(self.output, self.limits)
        return ClampNode(inputs=self.inputs, output=self.output, minimum=minimum, maximum=maximum)


@translates("relu")
def _relu(call: Call, output: str) -> Layer:
    return Clamp(inputs=call.inputs, output=output, limits=RELU)


@translates("relu6")
def _relu6(call: Call, output: str) -> Layer:
    return Clamp(inputs=call.inputs, output=output, limits=(0.0, 6.0))


@translates("hardtanh", "clamp", "clamp_min", "clamp_max")
def _clamp(call: Call, output: str) -> Layer:
    low, high = (
        call.arguments.get(name, call.arguments.get(f"{name}_val")) for name in ("min", "max")
    )
    if isinstance(low, Node) or isinstance(high, Node):
        raise call.refusal("clamps to a tensor; allowed: numbers")
    limits = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
    return Clamp(inputs=call.inputs, output=output, limits=limits)


def limited_by(call: Call, output: str, below: bool) -> Layer:
    """Return the layer of the greater, or the lesser, of values and a constant number."""
    arguments = call.arguments
    constant = arguments["other" if call.computes(arguments["self"]) else "self"]
    values = call.constant(constant).unique()
    if values.numel() != 1:
        raise call.refusal(f"compares with {values.numel()} numbers; allowed: one")
    (number,) = values.tolist()
    limits = (number, math.inf) if below else (-math.inf, number)
    return Clamp(inputs=call.inputs, output=output, limits=limits)
