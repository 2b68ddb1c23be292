"""Softmax over features or channels."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.activation_map import scale_of
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.numbers.softmax import softmax_exponential


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Layer):
    """Softmax over the features, the columns of a matrix, or the channels of an image.

    Parameters
    ----------
    dimension : int
        Of torch's tensor.
    """

    dimension: int = 1

    fixes_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return torch.softmax(inputs[0], dim=self.dimension)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.refuse_order(self.inputs)
        source, target = context.map(self.inputs[0]), context.map(self.output)
        return graph.Softmax(
            inputs=self.inputs,
            output=self.output,
            exponential=softmax_exponential(scale_of(source), 1.0, source.codes.width),
            type=target.codes,
        )


@translates("softmax")
def _softmax(call: Call, output: str) -> Layer:
    rank, axis = len(call.input_shape) + 1, call.axis(int(call.arguments["dim"]))
    if rank not in (2, 3, 4) or axis != (1 if rank == 3 else 0):
        raise call.refusal(
            "is not over dimension 1 of features or images, or 2 of matrices; allowed: that"
        )
    return Softmax(inputs=call.inputs, output=output, dimension=axis + 1)
