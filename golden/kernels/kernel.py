"""How a node becomes a function of torch tensors."""

from collections.abc import Callable
from functools import singledispatch

import torch

from golden.graph import AccumulatorBounds, Encoding, Node, Tensor
from golden.integer_type import IntegerType

Kernel = Callable[..., torch.Tensor]
"""Codes of shape (samples, *shape), one tensor for each input, to the codes of the output."""


@singledispatch
def compile_node(
    node: Node, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds | None
) -> Kernel:
    """Return the kernel of a node, with everything that does not depend on its input done.

    Parameters
    ----------
    node : Node
    inputs : tuple of Tensor
        What it reads.
    output : Tensor
        What it makes.
    bounds : AccumulatorBounds or None
        What its accumulators reach.
    """
    raise TypeError(f"no kernel for {type(node).__name__}")


def torch_dtype(kind: IntegerType) -> torch.dtype:
    """Return the smallest torch type that holds every integer of a type."""
    if kind.width <= 8:
        return torch.int8 if kind.signed else torch.uint8
    width = kind.width + (not kind.signed)  # torch computes little with uint16 and uint32.
    return torch.int16 if width <= 16 else torch.int32 if width <= 32 else torch.int64


def decode(codes: torch.Tensor, encoding: Encoding, dtype: torch.dtype) -> torch.Tensor:
    """Return the values of codes in a given type."""
    values = codes.to(dtype)
    if encoding.bipolar:
        return 2 * values - 1
    return values - encoding.zero_point if encoding.zero_point else values
