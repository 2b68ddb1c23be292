"""Softmax over features or channels."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.softmax import Softmax as SoftmaxNode
from bittrue.golden.numbers.softmax import softmax_exponential


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Layer):
    """Softmax over the channels of an image, or the last dimension of what is none."""

    fixes_scale: ClassVar[bool] = True
    keeps_rows: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return torch.softmax(inputs[0], dim=1 if inputs[0].ndim == 4 else -1)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.refuse_order(self.inputs)
        source, target = context.map(self.inputs[0]), context.map(self.output)
        return SoftmaxNode(
            inputs=self.inputs,
            output=self.output,
            exponential=softmax_exponential(source.scale, 1.0, source.type.width),
            type=target.type,
        )


@translates("softmax")
def _softmax(call: Call, output: str) -> Layer:
    require_last(call)
    return Softmax(inputs=call.inputs, output=output)


def require_last(call: Call) -> None:
    """Refuse an operator over another dimension than the graph's last."""
    rank = len(call.input_shape)
    if call.axis(int(call.arguments["dim"])) != (0 if rank == 3 else rank - 1):
        raise call.refusal(
            "is over another dimension; allowed: channels of images, the last of what is none"
        )
