"""Torch's images, channels first, and the graph's, channels last; both without the batch."""

import numpy as np

from bittrue.golden.numbers.arrays import Int64

Shape = tuple[int, ...]


def channels_last(shape: Shape) -> Shape:
    """Return the graph's shape of a tensor of torch's shape."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def channels_last_axis(axis: int, rank: int) -> int:
    """Return the graph's axis of torch's axis."""
    return (axis - 1) % 3 if rank == 3 else axis


def torch_order(shape: Shape) -> Int64:
    """Return which of torch's values each value of the channels-last tensor is."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    return (numbers.transpose(1, 2, 0) if len(shape) == 3 else numbers).reshape(-1)
