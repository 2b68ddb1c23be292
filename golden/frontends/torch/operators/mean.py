"""The mean, or the sum, over whole dimensions."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import Shape, channels_last_axis
from bittrue.golden.frontends.torch.layer import Layer, Scaled
from bittrue.golden.frontends.torch.limits import RELU, UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.mean import Mean as MeanNode

_IMAGE = (1, 2)
_WHOLE_IMAGES = (_IMAGE, (0, 1, 2))


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(Scaled):
    """Mean over whole dimensions; global average pooling.

    Parameters
    ----------
    dimensions : tuple of int
        Ascending, not counting the batch.
    keep_dimensions : bool
    adds : bool
        Whether it is the sum, not divided.
    """

    dimensions: tuple[int, ...]
    keep_dimensions: bool
    adds: bool = False

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        dimensions = [dimension + 1 for dimension in self.dimensions]
        over = torch.sum if self.adds else torch.mean
        return over(inputs[0], dim=dimensions, keepdim=self.keep_dimensions)

    @property
    def joins_rows(self) -> bool:
        """See `Layer.joins_rows`."""
        return self.dimensions == (0,)

    @property
    def keeps_means(self) -> bool:
        """See `Layer.keeps_means`."""
        return self.dimensions == _IMAGE and not self.adds

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """See `Layer.keeps_channels`."""
        return self.dimensions == _IMAGE and self.clamp in (UNLIMITED, RELU)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        context.refuse_order(self.inputs)
        (source,) = self.inputs
        shape = context.shapes[source]
        if len(shape) == 3 and not self.keep_dimensions and self.dimensions not in _WHOLE_IMAGES:
            raise UserError(
                f"it averages dimensions {self.dimensions} of {shape} away, which leaves no image "
                "or features; average height and width, or keep the dimensions"
            )
        axes = sorted(channels_last_axis(axis, len(shape)) for axis in self.dimensions)
        count = 1 if self.adds else int(np.prod([shape[axis] for axis in self.dimensions]))
        node = MeanNode(
            inputs=self.inputs,
            output=self.output,
            axes=tuple(axes),
            keep_dimensions=self.keep_dimensions,
            encoding=context.encoding(source),
        )
        return context.requantized(node, self.clamp, context.scale(source), count)


@translates("mean", "sum")
def _mean(call: Call, output: str) -> Layer:
    arguments, rank = call.arguments, call.spatial + 2
    dimensions = sorted(dimension % rank - 1 for dimension in arguments.get("dim") or range(rank))
    if dimensions[0] < 0:
        verb = "adds up" if call.operator == "sum" else "averages"
        raise call.refusal(f"{verb} over the batch; allowed: other dimensions")
    if call.stacked:
        if dimensions != [0, 1] or arguments.get("keepdim"):
            raise call.refusal("is not over all rows alone; allowed: over all of them")
        dimensions = [0]
    if call.spatial == 1 and len(call.input_shape) == 3 and dimensions[-1] == 1:
        dimensions.append(2)  # The places of a line are the height of an image of width 1.
    return Mean(
        inputs=call.inputs,
        output=output,
        dimensions=tuple(dimensions),
        keep_dimensions=bool(arguments.get("keepdim", False)),
        adds=call.operator == "sum",
    )


def whole_image_mean(inputs: tuple[str, ...], output: str) -> Layer:
    """Return global average pooling."""
    return Mean(inputs=inputs, output=output, dimensions=_IMAGE, keep_dimensions=True)
