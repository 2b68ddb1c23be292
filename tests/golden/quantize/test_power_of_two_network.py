"""Scales of powers of two without biases, where every other rounding is a tie."""

import pytest
import torch
from torch import nn

from bittrue.golden.quantize import ActivationScheme, Scheme, WeightScheme, quantize
from bittrue.golden.quantize.agreement import compare_layers

POWER_OF_TWO = ActivationScheme(type="power_of_two")


@pytest.mark.parametrize(("bits", "bias"), [(8, False), (4, True)])
def test_ties_are_rounded_to_even_as_in_floating_point(bits: int, bias: bool) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3, bias=bias), nn.ReLU(), nn.Conv2d(4, 4, 3, bias=False))
    images = torch.randn(40, 1, 8, 8)
    scheme = Scheme(
        weight=WeightScheme(type="power_of_two", bits=bits),
        activation=POWER_OF_TWO,
        input=POWER_OF_TWO,
        output=POWER_OF_TWO,
    )
    network = quantize(module, images, scheme)
    layers = list(compare_layers(network.fake, network.graph, images))
    assert [layer.differing for layer in layers] == [0, 0]
