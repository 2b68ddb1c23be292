"""Images resized by interpolation, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node, decode
from bittrue.golden.executor.requantization import compile_requantization
from bittrue.golden.graph import AccumulatorBounds, Tensor
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear


@compile_node.register
def _(
    node: ResizeBilinear, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    # Every sum on the way is a mean of values, times powers of two: none exceeds the last one.
    dtype = torch.int32 if bounds.type.width <= 31 else torch.int64

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, inputs[0], node.encoding, dtype)
        for axis, along in ((1, node.rows), (2, node.columns)):
            values = _interpolated(values, axis, along, node.fraction_bits)
        return scale(values)

    return kernel


def _interpolated(
    values: torch.Tensor, axis: int, along: Interpolation, fraction_bits: int
) -> torch.Tensor:
    first = torch.tensor(along.first)
    weight = torch.tensor(along.weight, dtype=values.dtype)
    following = torch.where(weight > 0, first + 1, first)
    weight = weight.reshape(-1, *(1,) * (values.ndim - axis - 1))
    one, other = (values.index_select(axis, places) for places in (first, following))
    return (one << fraction_bits) + (other - one) * weight
