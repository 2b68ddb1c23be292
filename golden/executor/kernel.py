"""How a node becomes a function of torch tensors."""

from collections.abc import Callable
from functools import singledispatch

import torch

from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import AccumulatorBounds, Encoding, Node, Tensor

Kernel = Callable[..., torch.Tensor]
"""Stored codes of shape (samples, *shape), one tensor per input, to those of the output."""


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


def decode(
    stored: torch.Tensor, tensor: Tensor, encoding: Encoding, dtype: torch.dtype
) -> torch.Tensor:
    """Return the values of stored codes in a given type."""
    offset = Storage.of(tensor).offset
    values = stored.to(dtype)
    if encoding.bipolar:
        return 2 * values + (2 * offset - 1)
    return values + (offset - encoding.zero_point)
