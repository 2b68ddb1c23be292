"""The same values in another shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape, channels_last, torch_order
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.rearrangement import placed
from bittrue.golden.frontends.torch.translation import RESHAPING, Call, translates
from bittrue.golden.graph.reshape import Reshape as ReshapeNode
from bittrue.golden.numbers.arrays import Int64


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Layer):
    """The same values in the same order; shape without the batch."""

    shape: tuple[int, ...]

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)

    @property
    def keeps_means(self) -> bool:
        """See `Layer.keeps_means`."""
        return len(self.shape) == 1

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """See `Layer.keeps_channels`."""
        return source == self.shape or len(self.shape) == 1

    def feature_order(self, given: Sequence[Int64 | None], shapes: Sequence[Shape]) -> Int64 | None:
        """See `Layer.feature_order`."""
        if len(self.shape) != 1:
            return None
        order = torch_order(shapes[0]) if given[0] is None else given[0]
        return None if np.array_equal(order, torch_order(self.shape)) else order

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """Lower what keeps the graph's order of values to a reshape.

        What makes other images of them moves them between channels.
        """
        source, shape = self.inputs[0], self.shape
        usual = torch_order(context.shapes[source])
        order = context.order.get(source, usual)
        if len(shape) != 1 and not np.array_equal(order, torch_order(shape)):
            places = np.arange(order.size).reshape(shape)
            return placed(source, context.shapes[source], order, places, self.output)
        shape = channels_last(shape)
        return [ReshapeNode(inputs=self.inputs, output=self.output, shape=shape)]


@translates(*RESHAPING)
def _reshape(call: Call, output: str) -> Layer:
    return Reshape(inputs=call.inputs, output=output, shape=call.output_shape)
