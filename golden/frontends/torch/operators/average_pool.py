"""The average of each window."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.layer import Layer, padded
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.sum_pool import SumPool
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.frontends.torch.windows import pool_window
from bittrue.golden.graph.average_pool import AveragePool as AveragePoolNode

_NO_PADDING = ((0, 0), (0, 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class AveragePool(Layer):
    """Average of each window over the taps inside the input."""

    window: graph.Window

    shares_scale: ClassVar[bool] = True
    leaves_grid: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        ones = torch.ones_like(inputs[0])
        total, taps = (
            functional.avg_pool2d(
                padded(values, self.window, 0.0),
                self.window.size,
                self.window.stride,
                divisor_override=1,
            )
            for values in (inputs[0], ones)
        )
        return total / taps

    @property
    def keeps_means(self) -> bool:
        """See `Layer.keeps_means`."""
        return True

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """See `Layer.keeps_channels`."""
        return True

    def lower(self, context: LoweringContext) -> graph.Node:
        """Lower to pooling of codes as they are, of which every one may result."""
        minimum, maximum = context.limits(self.output, UNLIMITED)
        return AveragePoolNode(
            inputs=self.inputs,
            output=self.output,
            window=self.window,
            minimum=minimum,
            maximum=maximum,
        )


@translates("avg_pool1d", "avg_pool2d")
def _average_pool(call: Call, output: str) -> Layer:
    arguments, window = call.arguments, pool_window(call)
    pads_end_further = any(after > before for before, after in window.padding)
    divisor = arguments.get("divisor_override")
    if divisor is None and not arguments["count_include_pad"] and window.padding != _NO_PADDING:
        return AveragePool(inputs=call.inputs, output=output, window=window)
    if divisor is None and pads_end_further:
        raise call.refusal(
            "has ceil_mode and windows that reach beyond the padding; allowed with "
            "count_include_pad=False"
        )
    divisor = window.taps if divisor is None else int(divisor)
    return SumPool(inputs=call.inputs, output=output, window=window, divisor=divisor)
