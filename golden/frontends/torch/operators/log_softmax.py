"""The logarithm of softmax over features or channels."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import channels_last
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.softmax import require_last
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.lowering.log_softmax import log_softmax


@dataclass(frozen=True, eq=False, kw_only=True)
class LogSoftmax(Layer):
    """Logarithm of softmax over the channels of an image, or the last dimension of what is none."""

    keeps_rows: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return torch.log_softmax(inputs[0], dim=1 if inputs[0].ndim == 4 else -1)

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`."""
        context.refuse_order(self.inputs)
        (source,) = self.inputs
        kind, scale = context.tensors[source].type, context.scale(source)
        if kind.width > 8:
            raise UserError(f"its input is {kind}; allowed: up to 8 bits")
        shape = channels_last(context.shapes[source])
        parts = log_softmax(source, shape, kind, scale, self.output)
        for node in parts.nodes:
            context.define(node)
        total = replace(parts.total, output=self.output)
        return [*parts.nodes, context.requantized(total, UNLIMITED, scale * 2.0**parts.exponent)]


@translates("log_softmax")
def _log_softmax(call: Call, output: str) -> Layer:
    require_last(call)
    return LogSoftmax(inputs=call.inputs, output=output)
