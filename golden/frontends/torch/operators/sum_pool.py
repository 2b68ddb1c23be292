"""The sum of each window divided by a constant."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.layer import Scaled, padded
from bittrue.golden.frontends.torch.limits import RELU, UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.graph.sum_pool import SumPool as SumPoolNode


@dataclass(frozen=True, eq=False, kw_only=True)
class SumPool(Scaled):
    """Sum of each window divided by a constant: an average that counts padding as zeros.

    Parameters
    ----------
    window : Window
    divisor : int
    """

    window: graph.Window
    divisor: int

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        return functional.avg_pool2d(
            padded(inputs[0], self.window, 0.0),
            self.window.size,
            self.window.stride,
            divisor_override=self.divisor,
        )

    def keeps_channels(self, source: Shape, shifted: bool) -> bool:
        """See `Layer.keeps_channels`."""
        return not shifted and self.clamp in (UNLIMITED, RELU)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        (source,) = self.inputs
        node = SumPoolNode(
            inputs=self.inputs,
            output=self.output,
            window=self.window,
            encoding=context.encoding(source),
        )
        return context.requantized(node, self.clamp, context.scale(source), self.divisor)
