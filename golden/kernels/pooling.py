"""Pooling and mean."""

from collections.abc import Callable, Iterator

import torch
from torch.nn.functional import avg_pool2d, pad

from golden.graph import (
    AccumulatorBounds,
    AveragePool,
    MaxPool,
    Mean,
    SumPool,
    Tensor,
    Window,
)
from golden.kernels.kernel import Kernel, compile_node, decode
from golden.kernels.requantize import compile_requantization
from golden.kernels.storage import Storage


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
def _(
    node: AveragePool, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    count = torch.from_numpy(node.window.taps_inside(inputs[0].shape))[..., None]
    storage = Storage.of(output)
    accumulate = _window_sum(node.window, bounds)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        total = accumulate(stored).to(torch.int64) + storage.offset * count
        magnitude = (total.abs() + count // 2) // count
        codes = (total.sign() * magnitude).clamp_(node.minimum, node.maximum)
        return (codes - storage.offset).to(storage.dtype)

    return kernel


@compile_node.register
def _(
    node: SumPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    accumulate = _window_sum(node.window, bounds)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        return scale(accumulate(decode(stored, inputs[0], node.encoding, torch.int32)))

    return kernel


@compile_node.register
def _(node: Mean, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    axes = tuple(axis + 1 for axis in node.axes)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        values = decode(stored, inputs[0], node.encoding, torch.int32)
        return scale(values.sum(dim=axes, keepdim=node.keep_dimensions))

    return kernel


def _window_sum(
    window: Window, bounds: AccumulatorBounds
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the function that sums integers over windows, by float arithmetic that is exact."""
    (top, bottom), (left, right) = window.padding
    largest = max(abs(int(bounds.minimum.min())), abs(int(bounds.maximum.max())))
    # Stored codes are counted from the lowest, which at most doubles their sums.
    dtype = torch.float32 if 2 * largest <= 1 << 24 else torch.float64

    def accumulate(values: torch.Tensor) -> torch.Tensor:
        if window.dilation != (1, 1):
            return _tap_sum(values, window)
        padded = pad(values.to(dtype), (0, 0, left, right, top, bottom)).permute(0, 3, 1, 2)
        sums = avg_pool2d(padded, window.size, window.stride, divisor_override=1)
        return sums.permute(0, 2, 3, 1)

    return accumulate


def _tap_sum(values: torch.Tensor, window: Window) -> torch.Tensor:
    taps = _taps(values.to(torch.int64), window, 0)
    total = next(taps).clone()
    for tap in taps:
        total += tap
    return total


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
