"""Training in integers: equations of the paper, and the integer graph against the network."""

import numpy as np
import pytest
import torch
from torch import nn

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.quantize.training.wage import (
    WageLayer,
    lower_wage,
    quantized,
    shift,
    step_of,
    update,
)


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        WageLayer(nn.Conv2d(1, 4, 3, bias=False)),
        WageLayer(nn.Conv2d(4, 16, 3, padding=1, bias=False)),
        nn.Flatten(),
        WageLayer(nn.Linear(16 * 6 * 6, 3, bias=False), relu=False),
    )


def images() -> torch.Tensor:
    return quantized(torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(1)), 8)


def test_values_of_a_number_of_bits() -> None:
    values = torch.tensor([-2.0, -0.6, 0.1, 0.26, 0.9])
    assert quantized(values, 2).tolist() == [-0.5, -0.5, 0, 0.5, 0.5]
    assert quantized(values, 3).tolist() == [-0.75, -0.5, 0, 0.25, 0.75]
    assert [shift(torch.tensor([each])).item() for each in (0.7, 0.72, 3.0)] == [0.5, 1.0, 4.0]


def test_everything_that_is_trained_has_its_bits() -> None:
    network = small()
    before = [layer.layer.weight.clone() for layer in network if isinstance(layer, WageLayer)]
    outputs = network(images())
    outputs.square().sum().backward()
    update(network, 2.0)
    assert torch.equal(outputs, quantized(outputs, 8))
    layers = [layer for layer in network if isinstance(layer, WageLayer)]
    for layer, old in zip(layers, before, strict=True):
        weight = layer.layer.weight
        steps = (weight - old) / step_of(8)
        assert torch.equal(weight, quantized(weight, 8))
        assert torch.equal(steps, steps.round())
        assert 0 < steps.abs().max() <= 3  # At most the rate over the shift's rounding.
        assert set(layer.ternary.unique().tolist()) == {-0.5, 0.0, 0.5}


def test_updates_are_right_on_average() -> None:
    layer = WageLayer(nn.Linear(200, 50, bias=False))
    with torch.no_grad():
        layer.layer.weight.zero_()
    layer.layer.weight.grad = torch.full((50, 200), 0.3)
    layer.layer.weight.grad[0, 0] = 1.0
    torch.manual_seed(2)
    update(layer, 1.0)
    mean = layer.layer.weight[1:].mean().item() / step_of(8)
    assert mean == pytest.approx(-0.3, abs=5 * 0.46 / 9800**0.5)  # Five standard errors.


def test_integers_equal_the_network_code_for_code() -> None:
    network = small()
    graph = lower_wage(network, images()[:1])
    codes = Executor(graph).run(to_codes(graph, images()))[graph.outputs[0]]
    with torch.no_grad():
        expected = network(images()) / step_of(8)
        assert np.array_equal(codes, expected.numpy())
        assert len(np.unique(codes)) > 5
        weight = network[1].layer.weight
        weight.sub_(step_of(2) * weight.sign())  # Negative control.
        assert not np.array_equal(codes, (network(images()) / step_of(8)).numpy())
