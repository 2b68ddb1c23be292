"""Pooling and mean."""

from collections.abc import Iterator

import torch
from torch.nn.functional import pad

from golden.graph import AveragePool, MaxPool, Mean, SumPool, Tensor, Window
from golden.kernels.kernel import Kernel, compile_node, decode, torch_dtype
from golden.kernels.requantize import compile_requantization


@compile_node.register
def _(node: MaxPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    def kernel(codes: torch.Tensor) -> torch.Tensor:
        # The lowest value there is stands for the taps outside; every window has one inside.
        taps = _taps(codes, node.window, torch.iinfo(codes.dtype).min)
        largest = next(taps).clone()
        for tap in taps:
            torch.maximum(largest, tap, out=largest)
        return largest.clamp(node.minimum, node.maximum)

    return kernel


@compile_node.register
def _(node: AveragePool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    count = torch.from_numpy(node.window.taps_inside(inputs[0].shape))[..., None]
    dtype = torch_dtype(output.type)

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        total = _window_sum(codes.to(torch.int64), node.window)
        magnitude = (total.abs() + count // 2) // count
        return (total.sign() * magnitude).clamp(node.minimum, node.maximum).to(dtype)

    return kernel


@compile_node.register
def _(node: SumPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    scale = compile_requantization(node.requantization, output)

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        return scale(_window_sum(decode(codes, node.encoding, torch.int64), node.window))

    return kernel


@compile_node.register
def _(node: Mean, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    scale = compile_requantization(node.requantization, output)
    axes = tuple(axis + 1 for axis in node.axes)

    def kernel(codes: torch.Tensor) -> torch.Tensor:
        values = decode(codes, node.encoding, torch.int64)
        return scale(values.sum(dim=axes, keepdim=node.keep_dimensions))

    return kernel


def _window_sum(values: torch.Tensor, window: Window) -> torch.Tensor:
    taps = _taps(values, window, 0)
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
