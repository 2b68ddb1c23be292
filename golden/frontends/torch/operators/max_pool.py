"""The largest value of each window."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import (
    Shape,
    channels_last,
    channels_last_axis,
    torch_order,
)
from bittrue.golden.frontends.torch.layer import Layer, padded
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.rearrangement import placed
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.frontends.torch.windows import pool_window
from bittrue.golden.graph.max_pool import MaxPool as MaxPoolNode
from bittrue.golden.lowering.maxima import maxima


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Layer):
    """Largest value of each window."""

    window: graph.Window

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        image, window = padded(inputs[0], self.window, -math.inf), self.window
        return functional.max_pool2d(image, window.size, window.stride, 0, window.dilation)

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """See `Layer.keeps_channels`."""
        return True

    def lower(self, context: LoweringContext) -> graph.Node:
        """Lower to pooling of codes as they are, of which every one may result."""
        minimum, maximum = context.limits(self.output, UNLIMITED)
        return MaxPoolNode(
            inputs=self.inputs,
            output=self.output,
            window=self.window,
            minimum=minimum,
            maximum=maximum,
        )


@translates("max_pool1d", "max_pool2d")
def _max_pool(call: Call, output: str) -> Layer:
    return MaxPool(inputs=call.inputs, output=output, window=pool_window(call))


@dataclass(frozen=True, eq=False, kw_only=True)
class Largest(Layer):
    """Largest value along whole dimensions.

    Parameters
    ----------
    dimensions : tuple of int
        Ascending, not counting the batch.
    shape : tuple of int
        Of the result, without the batch.
    """

    dimensions: tuple[int, ...]
    shape: Shape

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        largest = inputs[0].amax([dimension + 1 for dimension in self.dimensions])
        return largest.reshape(-1, *self.shape)

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`."""
        context.refuse_order(self.inputs)
        (source,) = self.inputs
        shape = context.shapes[source]
        axes = sorted(channels_last_axis(axis, len(shape)) for axis in self.dimensions)
        kept = tuple(1 if axis in self.dimensions else n for axis, n in enumerate(shape))
        kind = context.tensors[source].type
        name = f"{self.output}/kept"
        nodes = maxima(source, channels_last(shape), tuple(axes), kind, name)
        places = np.arange(math.prod(kept)).reshape(self.shape)
        return [*nodes, *placed(name, kept, torch_order(kept), places, self.output)]


@translates("amax")
def largest_of(call: Call, output: str) -> Layer:
    """Translate the largest along dimensions."""
    arguments, rank = call.arguments, call.spatial + 2
    listed = arguments["dim"]
    axes = [listed] if isinstance(listed, int) else [*listed] or [*range(rank)]
    dimensions = sorted(int(axis) % rank - 1 for axis in axes)
    if dimensions[0] < 0:
        raise call.refusal("is over the batch; allowed: other dimensions")
    if dimensions == [1, 2] and arguments["keepdim"] and len(call.input_shape) == 3:
        rows, columns = call.input_shape[1:]
        return MaxPool(inputs=call.inputs, output=output, window=graph.Window((rows, columns)))
    return Largest(
        inputs=call.inputs,
        output=output,
        dimensions=tuple(dimensions),
        shape=call.output_shape,
    )
