"""Tensors joined along a dimension."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape, channels_last_axis, torch_order
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.constant import constant_node, of_every_sample
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


@dataclass(frozen=True, eq=False, kw_only=True)
class ConcatConstants(Layer):
    """Tensors joined along a dimension, counted without the batch, with constants among them.

    Parameters
    ----------
    dimension : int
    constants : mapping of int to Tensor
        By place among all that is joined, without the batch.
    """

    dimension: int
    constants: Mapping[int, Tensor]

    shares_scale: ClassVar[bool] = True
    leaves_grid: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        samples = len(inputs[0])
        parts = list(inputs)
        for place, constant in sorted(self.constants.items()):
            repeated = constant.to(inputs[0].dtype).expand(samples, *constant.shape)
            parts.insert(place, repeated)
        return torch.cat(parts, dim=self.dimension + 1)

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`: constants are rounded to codes of the result."""
        context.refuse_order(self.inputs)
        rank = len(context.shapes[self.output])
        names, made = list(self.inputs), list[graph.Node]()
        mapping = context.map(self.output)
        for place, constant in sorted(self.constants.items()):
            node = constant_node(constant, mapping, f"{self.output}/constant {place}")
            made.append(node)
            names.insert(place, context.define(node))
        axis = channels_last_axis(self.dimension, rank)
        return [*made, ConcatNode(inputs=tuple(names), output=self.output, axis=axis)]


@translates("cat")
def _concat(call: Call, output: str) -> Layer:
    tensors = list(call.arguments["tensors"])
    dimension = call.axis(int(call.arguments["dim"]))
    inputs = tuple(call.names[tensor] for tensor in tensors if call.computes(tensor))
    constants = {
        place: _one_for_all(call, call.constant(tensor))
        for place, tensor in enumerate(tensors)
        if not call.computes(tensor)
    }
    if constants:
        return ConcatConstants(
            inputs=inputs, output=output, dimension=dimension, constants=constants
        )
    return Concat(inputs=inputs, output=output, dimension=dimension)


def _one_for_all(call: Call, constant: Tensor) -> Tensor:
    """Return a constant without its batch, as the call's line or image has it."""
    values = of_every_sample(call, constant)
    return values.unsqueeze(-1) if call.line else values
