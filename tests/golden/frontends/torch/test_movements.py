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


class Shuffle(nn.Module):
    """Channels shuffled as ShuffleNet writes it: by way of five dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, *sizes = x.shape
        return x.view(batch, 3, channels // 3, *sizes).transpose(1, 2).contiguous().view(x.shape)


def indexed(x: Tensor) -> Tensor:
    return torch.index_select(x, 1, torch.tensor([7, 0, 7, 3, 1]))


MOVEMENTS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "upsample": (nn.Upsample(scale_factor=2), IMAGE),
    "upsample a line": (nn.Upsample(scale_factor=3), LINE),
    "to a size": (Of(lambda x: functional.interpolate(x, size=(8, 18))), IMAGE),
    "every other": (Of(lambda x: functional.interpolate(x, scale_factor=0.5)), IMAGE),
    "pixel shuffle": (nn.PixelShuffle(2), IMAGE),
    "pixel unshuffle": (nn.PixelUnshuffle(2), IMAGE),
    "channel shuffle": (nn.ChannelShuffle(3), IMAGE),
    "to any size": (Of(lambda x: functional.interpolate(x, size=(7, 4))), IMAGE),
    "shuffle by views": (Shuffle(), IMAGE),
    "shuffle a line by views": (nn.Sequential(nn.MaxPool1d(1), Shuffle()), LINE),
    "reflect": (nn.ReflectionPad2d((1, 2, 3, 0)), IMAGE),
    "replicate": (nn.ReplicationPad2d((0, 5, 1, 1)), IMAGE),
    "circular": (nn.CircularPad2d(2), IMAGE),
    "reflect a line": (nn.Sequential(nn.ReflectionPad1d(3), nn.MaxPool1d(1)), LINE),
    "flip": (Of(lambda x: x.flip(1, 3)), IMAGE),
    "roll": (Of(lambda x: x.roll((1, -2), (2, 3))), IMAGE),
    "repeat": (Of(lambda x: x.repeat(1, 2, 1, 3)), IMAGE),
    "repeat each": (Of(lambda x: x.repeat_interleave(3, 2)), IMAGE),
    "tile": (Of(lambda x: x.tile(1, 1, 2, 1)), IMAGE),
    "expand": (Of(lambda x: x[:, :, :1, :1].expand(-1, -1, 5, 6)), IMAGE),
    "by number": (Of(indexed), IMAGE),
    "one row": (Of(lambda x: x[:, :, 2]), IMAGE),
    "the last place": (nn.Sequential(nn.MaxPool1d(1), Of(lambda x: x[:, :, -1])), LINE),
    "permute": (Of(lambda x: x.permute(0, 2, 3, 1)), IMAGE),
    "permute and flatten": (Of(lambda x: x.permute(0, 2, 3, 1).reshape(len(x), -1, 4)), IMAGE),
    "turn an image": (Of(lambda x: x.transpose(2, 3)), IMAGE),
    "rotate": (Of(lambda x: x.rot90(1, (2, 3))), IMAGE),
    "features to an image": (nn.Unflatten(1, (6, 2, 2)), (24,)),
    "windows": (Of(lambda x: x.view(-1, 12, 2, 2, 2, 3).permute(0, 2, 4, 3, 5, 1)[:, 1, 1]), IMAGE),
    "stack": (Of(lambda x: torch.stack([x[:, 1], x[:, 0]], 1)), IMAGE),
    "largest of two": (Of(lambda x: torch.maximum(x, x.flip(3))), IMAGE),
    "least of two": (Of(lambda x: torch.min(x, x.roll(1, 1))), IMAGE),
    "largest of channels": (Of(lambda x: x.amax(1, keepdim=True)), IMAGE),
    "largest of rows": (Of(lambda x: x.amax(2)), IMAGE),
    "largest of all": (Of(lambda x: x.max(1)[0].amax((1, 2), keepdim=True)), IMAGE),
}


@pytest.mark.parametrize("name", MOVEMENTS)
def test_codes_are_where_torch_has_them(name: str) -> None:
    module, shape = MOVEMENTS[name]
    codes = np.random.default_rng(1).integers(-128, 128, (5, *shape), dtype=np.int8)
    graph = quantize(module, torch.from_numpy(codes).float()).graph
    layout = graph.layouts.get(graph.inputs[0].name, (0,))
    moved = codes.transpose(0, *(1 + layout.index(axis) for axis in range(len(shape))))
    (output,) = graph.outputs
    result = Executor(graph).run(moved)[output]
    places = graph.layouts.get(output, range(result.ndim - 1))
    expected = module(torch.from_numpy(codes).float()).numpy()
    assert np.array_equal(result.transpose(0, *(1 + place for place in places)), expected)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x.flip(0), "moves values between samples"),
        (lambda x: functional.relu(x.view(-1, 3, 4, 4, 6)), "up to 3 dimensions beside"),
    ],
)
def test_what_cannot_be_moved_is_refused(
    function: Callable[[Tensor], Tensor], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        trace(Of(function), (torch.zeros(2, *IMAGE),))


TRANSPOSED: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "bilinear, middles of pixels": (nn.Upsample(scale_factor=4, mode="bilinear"), (4, 5, 6)),
    "bilinear, fewer": (nn.Upsample(scale_factor=0.5, mode="bilinear"), (4, 6, 8)),
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


@pytest.mark.parametrize(
    "module", [nn.UpsamplingBilinear2d(scale_factor=2), nn.Upsample((3, 11), mode="bilinear")]
)
def test_weights_that_no_bits_hold_are_rounded(module: nn.Module) -> None:
    """By half of 1/256 at most, of rows and of columns; the integers equal the rounded ones."""
    samples = torch.randn(40, 4, 5, 6)
    network = trace(module, (samples,))
    with torch.no_grad():
        expected = module(samples)
    made = dict(network.run(samples))[network.outputs[0]]
    span = samples.max() - samples.min()
    assert 0 < (made - expected).abs().max() <= 2 * span / 512
    graph = quantize(module, samples).graph
    (output,) = graph.outputs
    codes = Executor(graph).run(to_codes(graph, samples))[output]
    steps = sum(float(graph.quantization[name].scale) for name in (output, graph.inputs[0].name))
    assert (to_real(graph, output, codes) - made).abs().max() <= 0.51 * steps
