"""Sums over windows."""

from collections.abc import Iterator

import torch
from torch.nn.functional import pad

from bittrue.golden.executor.loops import sum_windows
from bittrue.golden.graph import Tensor, Window


def window_sums(values: torch.Tensor, window: Window, output: Tensor) -> torch.Tensor:
    """Return the sum over each window, for every channel."""
    sums = torch.zeros((len(values), *output.shape), dtype=torch.int64)
    (top, _), (left, _) = window.padding
    sum_windows(
        values.contiguous().numpy(), window.size, window.stride, window.dilation, (top, left),
        sums.numpy(),
    )  # fmt: skip
    return sums


def window_taps(values: torch.Tensor, window: Window, outside: int) -> Iterator[torch.Tensor]:
    """Yield, for each tap of a window, what it sees at every output position."""
    (top, bottom), (left, right) = window.padding
    padded = pad(values, (0, 0, left, right, top, bottom), value=outside)
    height, width = (
        (padded.shape[axis + 1] - (window.size[axis] - 1) * window.dilation[axis] - 1)
        // window.stride[axis]
        + 1
        for axis in (0, 1)
    )
    for row in range(window.size[0]):
        for column in range(window.size[1]):
            first_row, first_column = row * window.dilation[0], column * window.dilation[1]
            yield padded[
                :,
                first_row : first_row + (height - 1) * window.stride[0] + 1 : window.stride[0],
                first_column : first_column + (width - 1) * window.stride[1] + 1 : window.stride[1],
            ]
