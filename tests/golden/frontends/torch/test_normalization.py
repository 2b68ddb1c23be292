"""Normalization by a sample's own statistics, and log-softmax, against torch in float64."""

import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.quantize import quantize
from tests.support.nearest_codes import furthest, samples


def _trained(module: nn.Module) -> nn.Module:
    """Give weights and biases of any sign."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return module


def _rows() -> Tensor:
    return samples().flatten(2)  # (samples, rows, features)


NETWORKS = {
    "layer": (nn.LayerNorm(64), _rows),
    "layer, trained": (_trained(nn.LayerNorm(64)), _rows),
    "layer of vectors": (_trained(nn.LayerNorm(64)), lambda: _rows().flatten(0, 1)),
    "layer of images": (_trained(nn.LayerNorm((4, 8, 8))), samples),
    "layer without bias": (_trained(nn.LayerNorm(64, bias=False)), _rows),
    "root mean square": (_trained(nn.RMSNorm(64)), _rows),
    "one group": (_trained(nn.GroupNorm(1, 4)), samples),
    "instance": (nn.InstanceNorm2d(4), samples),
    "group of each channel": (_trained(nn.GroupNorm(4, 4)), samples),
    "groups of several channels": (_trained(nn.GroupNorm(2, 4)), samples),
    "groups of lines": (_trained(nn.GroupNorm(2, 4)), lambda: samples().flatten(2)),
    "groups of features": (_trained(nn.GroupNorm(8, 64)), lambda: _rows().flatten(0, 1)),
    "log-softmax": (nn.LogSoftmax(dim=-1), _rows),
    "log-softmax of vectors": (nn.LogSoftmax(dim=1), lambda: 4 * _rows().flatten(0, 1)),
    "log-softmax of channels": (nn.LogSoftmax(dim=1), samples),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_codes_are_the_nearest_or_the_next(name: str) -> None:
    """Rounded once to 8 bits, of what has 16 bits: hardly further than half a code."""
    module, given = NETWORKS[name]
    assert furthest(module, quantize(module, given()).graph, given()) < 1.0


def test_another_normalization_is_noticed() -> None:
    """Negative control."""
    graph = quantize(nn.LayerNorm(64), _rows()).graph
    assert furthest(nn.LayerNorm(64, eps=0.5), graph, _rows()) > 1.5


def test_other_groups_are_noticed() -> None:
    """Negative control."""
    graph = quantize(nn.GroupNorm(2, 4), samples()).graph
    assert furthest(nn.GroupNorm(1, 4), graph, samples()) > 1.5


def test_groups_of_single_values_are_refused() -> None:
    with pytest.raises(UserError, match="it normalizes single values"):
        quantize(nn.GroupNorm(64, 64), _rows().flatten(0, 1))
