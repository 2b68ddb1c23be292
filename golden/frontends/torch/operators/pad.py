"""Borders around images."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.pad import Pad as PadNode
from bittrue.golden.graph.window import Pair


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Layer):
    """A border of one value around an image: rows above and below, columns left and right."""

    padding: tuple[Pair, Pair]
    value: float

    shares_scale: ClassVar[bool] = True
    leaves_grid: ClassVar[bool] = True

    @property
    def only_pads(self) -> tuple[Pair, Pair] | None:
        """See `Layer.only_pads`."""
        return self.padding if self.value == 0 else None

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        (top, bottom), (left, right) = self.padding
        return functional.pad(inputs[0], (left, right, top, bottom), value=self.value)

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        code = context.map(self.output).quantize(torch.tensor(self.value))
        return PadNode(
            inputs=self.inputs,
            output=self.output,
            padding=(*self.padding, (0, 0)),
            code=int(code),
        )


@translates("pad", "constant_pad_nd")
def _pad(call: Call, output: str) -> Layer:
    arguments = call.arguments
    if arguments.get("mode", "constant") != "constant":
        raise call.refusal(f"has mode {arguments['mode']!r}; allowed: 'constant'")
    call.require_image()
    pads = list(arguments["pad"])
    if len(pads) > 2 * call.spatial or min(pads) < 0:
        raise call.refusal(f"pads by {pads}; allowed: height and width, not negative")
    if call.spatial == 1:
        pads = [0, 0, *pads]
    left, right, top, bottom = pads + [0] * (4 - len(pads))
    return Pad(
        inputs=call.inputs,
        output=output,
        padding=((top, bottom), (left, right)),
        value=float(arguments["value"] or 0),
    )
