"""Movements and transposed convolutions of torch modules."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize import quantize

IMAGE, LINE = (12, 4, 6), (6, 9)


class Of(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


MOVEMENTS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "upsample": (nn.Upsample(scale_factor=2), IMAGE),
    "upsample a line": (nn.Upsample(scale_factor=3), LINE),
    "to a size": (Of(lambda x: functional.interpolate(x, size=(8, 18))), IMAGE),
    "every other": (Of(lambda x: functional.interpolate(x, scale_factor=0.5)), IMAGE),
    "pixel shuffle": (nn.PixelShuffle(2), IMAGE),
    "pixel unshuffle": (nn.PixelUnshuffle(2), IMAGE),
    "channel shuffle": (nn.ChannelShuffle(3), IMAGE),
}


@pytest.mark.parametrize("name", MOVEMENTS)
def test_codes_are_where_torch_has_them(name: str) -> None:
    module, shape = MOVEMENTS[name]
    codes = np.random.default_rng(1).integers(-128, 128, (5, *shape), dtype=np.int8)
    graph = quantize(module, torch.from_numpy(codes).float()).graph
    layout = graph.layouts[graph.inputs[0].name]
    moved = codes.transpose(0, *(1 + layout.index(axis) for axis in range(len(shape))))
    (output,) = graph.outputs
    result = Executor(graph).run(moved)[output]
    places = graph.layouts[output]
    expected = module(torch.from_numpy(codes).float()).numpy()
    assert np.array_equal(result.transpose(0, *(1 + place for place in places)), expected)


TRANSPOSED: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "plain": (nn.ConvTranspose2d(4, 5, 3), (4, 5, 6)),
    "strided": (nn.ConvTranspose2d(4, 5, 3, 2, 1, 1), (4, 5, 6)),
    "windows smaller than strides": (nn.ConvTranspose2d(4, 5, 2, (3, 4)), (4, 5, 6)),
    "groups and dilation": (
        nn.ConvTranspose2d(4, 6, (2, 3), (1, 2), groups=2, dilation=(3, 2)),
        (4, 5, 6),
    ),
    "more padding than the window": (nn.ConvTranspose2d(4, 5, 2, 2, padding=3), (4, 7, 6)),
    "line": (nn.ConvTranspose1d(4, 5, 4, 2, 1), (4, 9)),
}


@pytest.mark.parametrize("name", TRANSPOSED)
def test_transposed_convolutions_are_those_of_torch(name: str) -> None:
    """In floating point, and within a code's half of it in integers."""
    module, shape = TRANSPOSED[name]
    torch.manual_seed(3)
    samples = torch.randn(40, *shape)
    network = trace(module, (samples,))
    with torch.no_grad():
        expected = module(samples)
    results = dict(network.run(samples))
    assert torch.allclose(results[network.outputs[0]], expected, atol=1e-5)
    graph = quantize(module, samples).graph
    (output,) = graph.outputs
    codes = Executor(graph).run(to_codes(graph, samples))[output]
    error = to_real(graph, output, codes) - expected
    assert error.shape == expected.shape
    assert error.std() < 0.05 * expected.std()


def test_uneven_resizing_is_refused() -> None:
    module = Of(lambda x: functional.interpolate(x, size=(5, 9)))
    with pytest.raises(UserError, match="repeats some rows or columns more often than others"):
        quantize(module, torch.randn(4, *IMAGE))
