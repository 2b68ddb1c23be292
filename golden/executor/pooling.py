"""Pooling and mean."""

from collections.abc import Iterator

import torch
from torch.nn.functional import pad

from golden.executor.kernel import Kernel, compile_node, decode
from golden.executor.loops import sum_windows
from golden.executor.requantization import compile_requantization
from golden.executor.storage import Storage
from golden.graph import (
    AccumulatorBounds,
    AveragePool,
    MaxPool,
    Mean,
    SumPool,
    Tensor,
    Window,
)


@compile_node.register
def _(node: MaxPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    offset = Storage.of(output).offset

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        # The lowest value there is stands for the taps outside; every window has one inside.
        taps = _taps(stored, node.window, torch.iinfo(stored.dtype).min)
        largest = next(taps).clone()
        for tap in taps:
            torch.maximum(largest, tap, out=largest)
        return largest.clamp_(node.minimum - offset, node.maximum - offset)

    return kernel


@compile_node.register
def _(node: AveragePool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    count = torch.from_numpy(node.window.taps_inside(inputs[0].shape))[..., None]
    storage = Storage.of(output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        total = _window_sums(stored, node.window, output) + storage.offset * count
        magnitude = (total.abs() + count // 2) // count
        codes = (total.sign() * magnitude).clamp_(node.minimum, node.maximum)
        return (codes - storage.offset).to(storage.dtype)

    return kernel


@compile_node.register
def _(
    node: SumPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, inputs[0], node.encoding, torch.int32)
        return scale(_window_sums(values, node.window, output))

    return kernel


@compile_node.register
def _(node: Mean, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    axes = tuple(axis + 1 for axis in node.axes)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, inputs[0], node.encoding, torch.int32)
        return scale(values.sum(dim=axes, keepdim=node.keep_dimensions))

    return kernel


def _window_sums(values: torch.Tensor, window: Window, output: Tensor) -> torch.Tensor:
    sums = torch.zeros((len(values), *output.shape), dtype=torch.int64)
    (top, _), (left, _) = window.padding
    sum_windows(
        values.contiguous().numpy(), window.size, window.stride, window.dilation, (top, left),
        sums.numpy(),
    )  # fmt: skip
    return sums


def _taps(values: torch.Tensor, window: Window, outside: int) -> Iterator[torch.Tensor]:
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
