"""Products of two matrices that both are computed, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node, decode
from bittrue.golden.executor.requantization import compile_requantization
from bittrue.golden.graph import AccumulatorBounds, Tensor
from bittrue.golden.graph.mat_mul import MatMul


@compile_node.register
def _(
    node: MatMul, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    # Floating point holds every partial sum: of 24 bits, or of the 48 that an accumulator has.
    dtype = torch.float32 if bounds.type.width <= 24 else torch.float64

    def kernel(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        a, b = (
            decode(stored, tensor, encoding, dtype)
            for stored, tensor, encoding in zip(
                (first, second), inputs, node.encodings, strict=True
            )
        )
        return scale(a @ b.transpose(-1, -2))

    return kernel
