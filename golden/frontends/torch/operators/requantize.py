"""Conversions between precisions, which the quantizer puts between layers."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Scaled
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.graph.requantize import Requantize as RequantizeNode


@dataclass(frozen=True, eq=False, kw_only=True)
class Convert(Scaled):
    """The same values under a scale and width of their own: a conversion between precisions."""

    treats_alike: ClassVar[bool] = True
    changes_precision_only: ClassVar[bool] = True

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Return the values."""
        return inputs[0]

    @property
    def keeps_means(self) -> bool:
        """See `Layer.keeps_means`."""
        return True

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        (source,) = self.inputs
        node = RequantizeNode(
            inputs=self.inputs, output=self.output, encoding=context.encoding(source)
        )
        return context.requantized(node, self.clamp, context.scale(source))
