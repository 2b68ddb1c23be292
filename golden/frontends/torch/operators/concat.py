"""Tensors joined along a dimension."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape, channels_last_axis, torch_order
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.concat import Concat as ConcatNode
from bittrue.golden.numbers.arrays import Int64


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(Layer):
    """Tensors joined along a dimension, counted without the batch."""

    dimension: int

    shares_scale: ClassVar[bool] = True
    joins: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return torch.cat(inputs, dim=self.dimension + 1)

    def feature_order(self, given: Sequence[Int64 | None], shapes: Sequence[Shape]) -> Int64 | None:
        """See `Layer.feature_order`."""
        if all(order is None for order in given):
            return None
        parts = [
            torch_order(shape) if order is None else order
            for order, shape in zip(given, shapes, strict=True)
        ]
        firsts = np.cumsum([0, *map(len, parts[:-1])])
        return np.concatenate([first + part for first, part in zip(firsts, parts, strict=True)])

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        axis = channels_last_axis(self.dimension, len(context.shapes[self.output]))
        return ConcatNode(inputs=self.inputs, output=self.output, axis=axis)


@translates("cat")
def _concat(call: Call, output: str) -> Layer:
    tensors = list(call.arguments["tensors"])
    if not all(call.computes(tensor) for tensor in tensors):
        raise call.refusal("joins a constant tensor; allowed: computed tensors")
    dimension = call.axis(int(call.arguments["dim"]))
    inputs = tuple(call.names[tensor] for tensor in tensors)
    return Concat(inputs=inputs, output=output, dimension=dimension)
