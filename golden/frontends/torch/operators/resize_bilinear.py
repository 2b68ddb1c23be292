"""Images of another size, by interpolation between pixels."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Scaled
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph.resize_bilinear import Interpolation
from bittrue.golden.graph.resize_bilinear import ResizeBilinear as ResizeBilinearNode
from bittrue.golden.lowering.interpolation import (
    align_corners,
    fraction_bits,
    half_pixel,
    interpolation,
)

_ROUNDED = 8
"""Bits of weights that no number of bits holds."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ResizeBilinear(Scaled):
    """Interpolation between four pixels, by weights of a few bits.

    Places between pixels that have more bits than a weight are rounded, here as in the integers.
    """

    rows: Interpolation
    columns: Interpolation
    bits: int

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        (values,) = inputs
        for axis, along in ((2, self.rows), (3, self.columns)):
            first = torch.tensor(along.first)
            weight = torch.tensor(along.weight, dtype=values.dtype) / (1 << self.bits)
            weight = weight.reshape(-1, *[1] * (3 - axis))
            behind = (first + 1).clamp(max=values.shape[axis] - 1)
            one, other = values.index_select(axis, first), values.index_select(axis, behind)
            values = one * (1 - weight) + other * weight
        return values

    @property
    def keeps_means(self) -> bool:
        """See `Layer.keeps_means`."""
        return False

    def lower(self, context: LoweringContext) -> graph.Node:
        """See `Layer.lower`."""
        (source,) = self.inputs
        node = ResizeBilinearNode(
            inputs=self.inputs,
            output=self.output,
            rows=self.rows,
            columns=self.columns,
            fraction_bits=self.bits,
            encoding=context.encoding(source),
        )
        divisor = 1 << 2 * self.bits
        return context.requantized(node, self.clamp, context.scale(source), divisor)


@translates("upsample_bilinear2d")
def _bilinear(call: Call, output: str) -> ResizeBilinear:
    call.require_image()
    factors = call.arguments.get("scale_factors") or (None, None)
    places = []
    for axis, factor in enumerate(factors):
        length, made = call.input_shape[axis + 1], call.output_shape[axis + 1]
        if call.arguments["align_corners"]:
            places.append(align_corners(made, length))
        else:
            scale = Fraction(made, length) if factor is None else Fraction(float(factor))
            places.append(half_pixel(made, scale))
    exact = [fraction_bits(each) for each in places]
    bits = max(_ROUNDED if each is None else each for each in exact)
    rows, columns = (
        interpolation(each, length, bits)
        for each, length in zip(places, call.input_shape[1:], strict=True)
    )
    return ResizeBilinear(inputs=call.inputs, output=output, rows=rows, columns=columns, bits=bits)
