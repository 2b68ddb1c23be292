"""The largest value of each window."""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.layer import Layer, padded
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.frontends.torch.windows import adaptive_window, pool_window


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
        return graph.MaxPool(
            inputs=self.inputs,
            output=self.output,
            window=self.window,
            minimum=minimum,
            maximum=maximum,
        )


@translates("max_pool1d", "max_pool2d")
def _max_pool(call: Call, output: str) -> Layer:
    return MaxPool(inputs=call.inputs, output=output, window=pool_window(call))


@translates("adaptive_max_pool1d", "adaptive_max_pool2d")
def _adaptive_max_pool(call: Call, output: str) -> Layer:
    return MaxPool(inputs=call.inputs, output=output, window=adaptive_window(call))


@translates("amax")
def _largest(call: Call, output: str) -> Layer:
    call.require_image()
    dimensions = sorted(dimension % 4 for dimension in call.arguments["dim"])
    if dimensions != [2, 3] or not call.arguments["keepdim"]:
        raise call.refusal("is not over height and width, with both kept; allowed: that")
    rows, columns = call.input_shape[1:]
    return MaxPool(inputs=call.inputs, output=output, window=graph.Window((rows, columns)))
