"""Functions, reductions and constants of torch modules against torch, on every code."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch import to_real
from bittrue.golden.quantize import quantize
from tests.support.nearest_codes import furthest, run, samples


class Forward(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Constants(nn.Module):
    """Numbers for each channel as buffers and parameters, on either side."""

    def __init__(self, shape: tuple[int, ...], function: Callable[..., Tensor]) -> None:
        super().__init__()
        values = torch.linspace(0.3, 1.7, int(np.prod(shape))).reshape(shape)
        self.register_buffer("one", values)
        self.other, self.function = nn.Parameter(values.flip(0) - 0.9), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.one, self.other)


FUNCTIONS: dict[str, nn.Module] = {
    "gelu": nn.GELU(),
    "gelu by tanh": nn.GELU("tanh"),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "softplus": nn.Softplus(2.0, 10.0),
    "elu": nn.ELU(0.7),
    "leaky relu": nn.LeakyReLU(0.2),
    "prelu": nn.PReLU(),
    "hardswish": nn.Hardswish(),
    "hardsigmoid": nn.Hardsigmoid(),
    "log sigmoid": nn.LogSigmoid(),
    "threshold": nn.Threshold(0.1, -0.4),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "relu6": nn.ReLU6(),
    "abs": Forward(torch.abs),
    "neg": Forward(torch.neg),
    "exp": Forward(torch.exp),
    "square": Forward(torch.square),
    "power": Forward(lambda x: x**3),
    "sine": Forward(torch.sin),
    "cosine": Forward(torch.cos),
    "error function": Forward(torch.erf),
    "logarithm": Forward(lambda x: torch.log(x.abs() + 0.1)),
    "root": Forward(lambda x: torch.sqrt(x.abs())),
    "inverse root": Forward(lambda x: torch.rsqrt(x.abs() + 0.5)),
    "reciprocal": Forward(lambda x: torch.reciprocal(x.abs() + 1)),
    "division": Forward(lambda x: x / 1.7),
}

REDUCED: dict[str, nn.Module] = {
    "sum of an image": Forward(lambda x: x.sum((2, 3), keepdim=True)),
    "sum of channels": Forward(lambda x: x.sum(1, keepdim=True)),
    "sum of everything": Forward(lambda x: x.sum((1, 2, 3), keepdim=True)),
    "mean of rows and channels": Forward(lambda x: x.mean((1, 2), keepdim=True)),
    "mean of columns": Forward(lambda x: x.mean(3, keepdim=True)),
    "largest of an image": Forward(lambda x: x.amax((2, 3), keepdim=True)),
    "adaptive maxima": nn.AdaptiveMaxPool2d((2, 4)),
    "adaptive averages": nn.AdaptiveAvgPool2d((4, 2)),
    "averages that count borders": nn.AvgPool2d(3, 1, padding=1, count_include_pad=True),
    "gate of each channel": Forward(lambda x: x * x.mean((2, 3), keepdim=True)),
    "gate of each pixel": Forward(lambda x: x.mean(1, keepdim=True) + x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_the_nearest_codes(name: str) -> None:
    """Those of several steps are rounded at each; their first is looked at alone."""
    module = FUNCTIONS[name]
    graph = quantize(module, samples()).graph
    if len(graph.nodes) == 1:
        assert furthest(module, graph, samples()) <= 0.5 + 1e-9
    else:
        last, given = graph.nodes[-1], samples()
        tensors = run(graph, given)
        (source,) = last.inputs
        reals = to_real(graph, source, tensors[source]).double()
        step = {
            "logarithm": torch.log,
            "root": torch.sqrt,
            "inverse root": torch.rsqrt,
            "reciprocal": torch.reciprocal,
        }[name]
        quantization, kind = graph.quantization[last.output], graph.tensors[last.output].type
        scale, zero = float(quantization.scale), quantization.encoding.zero_point
        codes = (step(reals) / scale + zero).clamp(kind.minimum, kind.maximum)
        actual = to_real(graph, last.output, tensors[last.output]).double() / scale + zero
        assert float((actual - codes).abs().max()) <= 0.5 + 1e-9


@pytest.mark.parametrize("name", REDUCED)
def test_reductions_are_the_nearest_codes(name: str) -> None:
    module = REDUCED[name]
    graph = quantize(module, samples()).graph
    slack = 1.5 if "gate" in name else 0.5 + 1e-9  # A gate is rounded before it is used.
    assert furthest(module, graph, samples()) <= slack


@pytest.mark.parametrize("shape", [(30, 4, 8, 8), (30, 4), (30, 4, 6)], ids=str)
def test_slopes_of_channels_are_the_nearest_codes(shape: tuple[int, ...]) -> None:
    module = nn.PReLU(4)
    slopes = torch.tensor([0.25, -0.5, 0.0, 1.375])
    module.load_state_dict({"weight": slopes})
    given = samples().flatten(0, 2)[: 30 * 6 * 4].repeat(2, 1).flatten()
    given = given[: int(np.prod(shape))].reshape(shape)
    graph = quantize(module, given).graph
    assert furthest(module, graph, given) <= 0.5 + 1e-9
    # Negative control: with another channel's slopes it is another function.
    module.load_state_dict({"weight": slopes.flip(0)})
    assert furthest(module, graph, given) > 1


def test_a_table_that_is_wrong_is_noticed() -> None:
    """Negative control."""
    graph = quantize(nn.GELU(), samples()).graph
    assert furthest(nn.SiLU(), graph, samples()) > 1


CHANNELS = {
    "multiplied": ((4, 1, 1), lambda x, one, other: x * one),
    "on the left": ((1, 4, 1, 1), lambda x, one, other: other - x),
    "divided": ((4, 1, 1), lambda x, one, other: x / one),
    "scaled and moved": ((4, 1, 1), lambda x, one, other: (x - other) * one + other),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_numbers_for_each_channel_go_into_the_weights_before(name: str) -> None:
    shape, function = CHANNELS[name]
    with torch.random.fork_rng():
        torch.manual_seed(4)
        plain = nn.Conv2d(4, 4, 3)
    constants = Constants(shape, function)
    at_zero, at_one = (constants(torch.full((1, 4, 1, 1), each)) for each in (0.0, 1.0))
    folded = nn.Conv2d(4, 4, 3)
    with torch.no_grad():
        factor = (at_one - at_zero).reshape(4)
        folded.weight.copy_(plain.weight * factor.reshape(4, 1, 1, 1))
        folded.bias.copy_(plain.bias * factor + at_zero.reshape(4))
    given = samples()
    graphs = [quantize(each, given).graph for each in (nn.Sequential(plain, constants), folded)]
    assert [len(graph.nodes) for graph in graphs] == [1, 1]
    results = []
    for graph in graphs:
        (output,) = graph.outputs
        results.append(to_real(graph, output, run(graph, given)[output]))
    step = float(graphs[0].quantization[graphs[0].outputs[0]].scale)
    # Weights are folded in float64 there and in float32 here.
    assert float((results[0] - results[1]).abs().max()) <= 1.01 * step
    assert float((results[0] - results[1]).abs().mean()) <= 0.01 * step


def test_numbers_for_each_channel_stand_alone() -> None:
    module = Constants((4, 1, 1), lambda x, one, other: x * one)
    graph = quantize(module, samples()).graph
    assert furthest(module, graph, samples()) <= 0.5 + 1e-6
    features = Constants((5,), lambda x, one, other: x * one)
    given = samples()[:, 0, :, 0][:, :5]
    assert furthest(features, quantize(features, given).graph, given) <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            Constants((8, 8), lambda x, one, other: x / one),
            r"has a constant of shape \(8, 8\); allowed beside \(4, 8, 8\): one number, or \(4, 1",
        ),
        (Constants((4, 1, 1), lambda x, one, other: one / x), "divides a constant; allowed"),
        (Forward(lambda x: x / functional.relu(x)), "has two computed operands; allowed: one"),
        (Forward(lambda x: x.sum((0, 1), keepdim=True)), "adds up over the batch; allowed"),
        (Forward(lambda x: x.amax((0, 1), keepdim=True)), "is over the batch; allowed"),
    ],
)
def test_what_cannot_be_imported_is_named(module: nn.Module, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantize(module, samples())
