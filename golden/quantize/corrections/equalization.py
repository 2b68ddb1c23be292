"""Cross-layer equalization: channel ranges made alike across two layers, function unchanged.

M. Nagel, M. van Baalen, T. Blankevoort, M. Welling, "Data-Free Quantization Through Weight
Equalization and Bias Correction", ICCV 2019, sections 4.1 and 4.2.
"""

from dataclasses import replace

import torch
from torch import Tensor

from golden.frontends.torch.float_network import FloatNetwork, Matrix
from golden.quantize.corrections.channels import (
    RELU,
    adjacent_pairs,
    input_weights,
    is_unpadded,
    response_to,
    scale_inputs,
    scale_outputs,
)

_ROUNDS = 50
_CONVERGED = 1e-4
"""Largest relative change of a range in a round that needs no other."""

_SIGMAS = 3
"""Standard deviations below the mean that are as good as never reached."""


def cross_layer_equalization(network: FloatNetwork) -> FloatNetwork:
    """Divide output channels by a factor and multiply the next layer's weights for them by it.

        factor = sqrt(range1 * range2) / range2

    with the largest magnitudes of a channel's weights in the layer before it and after it, so that
    both become ``sqrt(range1 * range2)``. ReLU and linear layers pass a positive factor on. Pairs
    are visited until no range changes. Channels of zeros keep their weights.
    """
    layers = {layer.output: layer for layer in network.layers}
    pairs = list(adjacent_pairs(network))
    for _ in range(_ROUNDS):
        largest_change = 0.0
        for first_name, second_name in pairs:
            first, second = layers[first_name], layers[second_name]
            assert isinstance(first, Matrix)
            assert isinstance(second, Matrix)
            factor = _factor(first, second)
            layers[first_name] = scale_outputs(first, 1 / factor)
            layers[second_name] = scale_inputs(second, factor)
            largest_change = max(largest_change, float((factor - 1).abs().max()))
        if largest_change < _CONVERGED:
            break
    return replace(network, layers=tuple(layers[layer.output] for layer in network.layers))


def _factor(first: Matrix, second: Matrix) -> Tensor:
    before = first.weight.flatten(1).abs().amax(dim=1).double()
    after = input_weights(second, len(first.weight)).abs().amax(dim=1).double()
    factor = torch.sqrt(before * after) / after
    usable = (before > 0) & (after > 0)
    return torch.where(usable, factor, 1.0).to(first.weight.dtype)


def bias_absorption(network: FloatNetwork) -> FloatNetwork:
    """Move the part of a channel that ReLU never cuts from one layer's bias to the next's.

        c = max(0, mean - 3 deviation);  bias1 -= c;  bias2 += weight2 c

    with the statistics of batch normalization. Activations get narrower; the function is unchanged
    for values above c. Only where the next layer reads no padding, whose zeros have no c.
    """
    layers = {layer.output: layer for layer in network.layers}
    for first_name, second_name in adjacent_pairs(network, shifted=True):
        first, second = layers[first_name], layers[second_name]
        assert isinstance(first, Matrix)
        assert isinstance(second, Matrix)
        statistics = first.statistics
        if first.clamp != RELU or statistics is None or not is_unpadded(second):
            continue
        absorbed = (statistics.mean - _SIGMAS * statistics.deviation).clamp(min=0)
        absorbed = absorbed.to(first.weight.dtype)
        layers[first_name] = replace(
            first,
            bias=first.bias - absorbed,
            statistics=replace(statistics, mean=statistics.mean - absorbed),
        )
        layers[second_name] = replace(
            second, bias=second.bias + response_to(second, second.weight, absorbed)
        )
    return replace(network, layers=tuple(layers[layer.output] for layer in network.layers))
