"""Lines of torch modules, (samples, channels, length): quantized as their images are, exactly."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.quantize import quantize
from tests.support.torch_modules import assert_float_layers_are, assert_quantized_is_near

CHANNELS, LENGTH = 6, 24


class Causal(nn.Module):
    """A block of a temporal convolutional network: causal, dilated, with a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(CHANNELS, 8, 3, dilation=2)
        self.second = nn.Conv1d(8, 8, 3, dilation=4, groups=4)
        self.normalization = nn.BatchNorm1d(8)
        self.skip = nn.Conv1d(CHANNELS, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.first(functional.pad(x, (4, 0))))
        y = self.normalization(self.second(functional.pad(y, (8, 0))))
        return functional.relu(y + self.skip(x))


class Sequence(nn.Module):
    """A matrix for every place of a line, and a line again."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Conv1d(CHANNELS, 5, 2)
        self.matrix = nn.Linear(5, 7)
        self.last = nn.Conv1d(7, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.matrix(self.line(x).transpose(1, 2)).permute(0, 2, 1))


class Parts(nn.Module):
    """What parts, joins, pools and averages lines."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        first, second = functional.max_pool1d(x, 2).chunk(2, dim=1)
        joined = torch.cat([first, second[..., :5]], dim=-1)
        mean = functional.avg_pool1d(x, 3, padding=1)
        return joined, mean, x.mean(-1), x.mean(2, keepdim=True), x[:, ::2, 3:]


def m5() -> nn.Module:
    """Raw audio: long windows first, pools, a mean over all places."""
    return nn.Sequential(
        *(nn.Conv1d(1, 8, 20, stride=4), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(4)),
        *(nn.Conv1d(8, 16, 3, padding="same"), nn.BatchNorm1d(16), nn.ReLU()),
        *(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 5)),
    )


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "causal": (Causal, (CHANNELS, LENGTH)),
    "sequence": (Sequence, (CHANNELS, LENGTH)),
    "m5": (m5, (1, 400)),
    "flattened": (
        lambda: nn.Sequential(nn.Conv1d(6, 4, 3, 2), nn.Flatten(), nn.Linear(4 * 11, 9)),
        (CHANNELS, LENGTH),
    ),
    "pooled": (
        lambda: nn.Sequential(nn.AvgPool1d(2), nn.AdaptiveMaxPool1d(3), nn.Conv1d(6, 2, 1)),
        (CHANNELS, LENGTH),
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_float_layers_compute_what_the_module_does(name: str) -> None:
    make, shape = MODULES[name]
    torch.manual_seed(1)
    module, samples = make().eval(), torch.randn(3, *shape)
    assert_float_layers_are(module, samples)


@pytest.mark.parametrize("name", MODULES)
def test_quantized_lines_are_near_the_module(name: str) -> None:
    make, shape = MODULES[name]
    torch.manual_seed(2)
    module, samples = make().eval(), torch.randn(64, *shape)
    assert_quantized_is_near(module, samples)


def test_parts_of_lines_are_those_of_torch() -> None:
    codes = np.random.default_rng(1).integers(-128, 128, (8, CHANNELS, LENGTH), dtype=np.int8)
    graph = quantize(Parts(), torch.from_numpy(codes).float()).graph
    unit = float(graph.quantization[graph.inputs[0].name].scale)
    results = Executor(graph).run(codes.transpose(0, 2, 1))
    expected = Parts()(torch.from_numpy(codes * unit))
    assert len(graph.outputs) == len(expected) == 5
    for name, wanted in zip(graph.outputs, expected, strict=True):
        real = to_real(graph, name, results[name])
        assert real.shape == wanted.shape
        assert (real - wanted).abs().max() <= 0.5001 * float(graph.quantization[name].scale), name


def test_a_sequence_is_no_line() -> None:
    """A matrix reads the last dimension, whatever shape the input has."""
    samples = torch.randn(16, 10, 6)
    graph = quantize(nn.Linear(6, 4), samples).graph
    assert graph.inputs[0].shape == (10, 6)
    assert not graph.layouts


def test_a_convolution_along_what_a_matrix_made() -> None:
    """The matrix reads the last dimension, the convolution the one before it as channels."""
    module = nn.Sequential(nn.Linear(6, 4), nn.Conv1d(10, 3, 3)).eval()
    samples = torch.randn(40, 10, 6)
    graph = quantize(module, samples).graph
    (output,) = graph.outputs
    made = to_real(graph, output, Executor(graph).run(to_codes(graph, samples))[output])
    expected = module(samples)
    assert made.shape == expected.shape
    assert (made - expected).std() < 0.05 * expected.std()
