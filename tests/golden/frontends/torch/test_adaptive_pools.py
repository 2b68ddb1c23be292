"""Adaptive pooling to any size, and constants among what is joined, against torch in float64."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.quantize import quantize
from bittrue.golden.quantize.agreement import compare_layers
from tests.support.nearest_codes import furthest, samples

_IMAGES = ((3, 3), (5, 3), (8, 8), (3, 8), (7, 11), (1, 5), (2, 4))
"""Of images of 8 x 8: windows that overlap, differ, lie side by side, or are repeated."""


class Joined(nn.Module):
    """An image between constants, or a sequence behind one, such as a class token."""

    def __init__(self, dimension: int, *shape: int) -> None:
        super().__init__()
        self.dimension = dimension
        generator = torch.Generator().manual_seed(1)
        self.first = nn.Parameter(torch.randn(1, *shape, generator=generator))
        self.last = nn.Parameter(torch.randn(1, *shape, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        first, last = (each.expand(len(x), *each.shape[1:]) for each in (self.first, self.last))
        return torch.cat([first, x, last], dim=self.dimension)


def _lines() -> Tensor:
    return samples().flatten(2)  # (samples, channels, length)


@pytest.mark.parametrize("size", _IMAGES)
def test_averages_are_the_nearest_codes(size: tuple[int, int]) -> None:
    module = nn.AdaptiveAvgPool2d(size)
    assert furthest(module, quantize(module, samples()).graph, samples()) < 0.5 + 1e-6


@pytest.mark.parametrize("size", _IMAGES)
def test_the_largest_codes_are_those(size: tuple[int, int]) -> None:
    module = nn.AdaptiveMaxPool2d(size)
    assert furthest(module, quantize(module, samples()).graph, samples()) < 1e-6


@pytest.mark.parametrize("pool", [nn.AdaptiveAvgPool1d, nn.AdaptiveMaxPool1d])
def test_lines_are_pooled(pool: Any) -> None:
    module = nn.Sequential(nn.Conv1d(4, 3, 3), pool(7))
    quantized = quantize(module, _lines())
    for layer in compare_layers(quantized.fake, quantized.graph, _lines()):
        assert layer.differing == 0, layer


def test_other_windows_are_noticed() -> None:
    """Negative control: windows that do not overlap."""
    graph = quantize(nn.AdaptiveAvgPool2d((3, 3)), samples()).graph
    assert furthest(nn.AvgPool2d(3, ceil_mode=True), graph, samples()) > 1


@pytest.mark.parametrize(
    ("dimension", "shape", "given"),
    [(1, (2, 8, 8), samples), (2, (4, 1, 8), samples), (1, (1, 64), _lines), (2, (4, 3), _lines)],
)
def test_constants_among_what_is_joined_are_the_nearest_codes(
    dimension: int, shape: tuple[int, ...], given: Any
) -> None:
    module = Joined(dimension, *shape).eval()
    graph = quantize(module, given()).graph
    assert furthest(module, graph, given()) < 0.5 + 1e-6


def test_the_fake_quantized_network_rounds_them_too() -> None:
    module = nn.Sequential(nn.Conv2d(4, 4, 1), Joined(1, 2, 8, 8), nn.Conv2d(8, 3, 3))
    quantized = quantize(module.eval(), samples())
    for layer in compare_layers(quantized.fake, quantized.graph, samples()):
        assert layer.differing == 0, layer


def test_other_constants_are_noticed() -> None:
    """Negative control."""
    module = Joined(1, 2, 8, 8).eval()
    graph = quantize(module, samples()).graph
    with torch.no_grad():
        module.last.add_(0.2)
    assert furthest(module, graph, samples()) > 1
