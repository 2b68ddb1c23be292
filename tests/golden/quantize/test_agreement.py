"""Fake-quantized networks and integers compared from end to end."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.frontends.torch.operators import pad as float_pad
from bittrue.golden.graph import Graph
from bittrue.golden.graph.pad import Pad
from bittrue.golden.quantize import quantize
from bittrue.golden.quantize.agreement import compare_layers
from bittrue.golden.quantize.quantized_network import QuantizedNetwork


def padded(value: float) -> QuantizedNetwork:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ConstantPad2d(1, value), nn.Conv2d(4, 2, 3))
    return quantize(module.eval(), torch.rand(60, 1, 8, 8))


def images() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.rand(24, 1, 8, 8)


def differing_outputs(network: QuantizedNetwork) -> int:
    """Return how many outputs of the fake network are not those of the integers."""
    (output,) = network.graph.outputs
    codes = Executor(network.graph).run(to_codes(network.graph, images()))[output]
    integers = to_real(network.graph, output, codes)
    with torch.no_grad():
        fake = network.fake.eval()(images())
    scale = float(network.graph.quantization[output].scale)
    return int((((integers - fake) / scale).round() != 0).sum())


@pytest.mark.parametrize("value", [0.5, -0.123, 0.0, 7.0])
def test_border_between_codes(value: float) -> None:
    network = padded(value)
    assert differing_outputs(network) == 0
    for layer in compare_layers(network.fake, network.graph, images()):
        assert (layer.differing, layer.end_to_end) == (0, 0)


def test_numbers_between_codes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that passes a border on as it is differs, though each layer alone does not."""
    network = padded(0.5)
    monkeypatch.setattr(float_pad.Pad, "leaves_grid", False)
    layers = list(compare_layers(network.fake, network.graph, images()))
    assert sum(layer.differing for layer in layers) == 0
    assert layers[-1].end_to_end == differing_outputs(network) > 0


def test_another_border_is_counted() -> None:
    network = padded(0.5)
    graph = network.graph
    nodes = tuple(
        replace(node, code=node.code + 3) if isinstance(node, Pad) else node for node in graph.nodes
    )
    other = Graph(
        graph.inputs, nodes, graph.outputs, graph.quantization, graph.profile, graph.layouts
    )
    layers = list(compare_layers(network.fake, other, images()))
    assert [layer.differing > 0 for layer in layers] == [False, True, False]
    assert np.all([layer.end_to_end > 0 for layer in layers[1:]])


def test_what_is_within_a_layer_of_several_nodes_is_none_of_its_network() -> None:
    """Borders that copy take nodes of their own, whose tensors the float network has not."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect"), nn.GroupNorm(2, 4)
    )
    network = quantize(module.eval(), images())
    *exact, normalized = compare_layers(network.fake, network.graph, images())
    assert len(network.graph.nodes) > len(exact) + 1
    assert all(layer.differing == 0 for layer in exact)
    assert normalized.largest <= 1
