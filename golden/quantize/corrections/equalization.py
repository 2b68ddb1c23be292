"""Cross-layer equalization: channel ranges made alike across two layers, function unchanged.

M. Nagel, M. van Baalen, T. Blankevoort, M. Welling, "Data-Free Quantization Through Weight
Equalization and Bias Correction", ICCV 2019, sections 4.1 and 4.2.
"""

from dataclasses import replace

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.frontends.torch.limits import RELU
from bittrue.golden.quantize.corrections.channels import adjacent_pairs, scale_outputs

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
    layers = {layer.output: layer for layer in network.matrices}
    pairs = list(adjacent_pairs(network))
    for _ in range(_ROUNDS):
        largest_change = 0.0
        for first_name, second_name in pairs:
            first, second = layers[first_name], layers[second_name]
            factor = _factor(first, second)
            layers[first_name] = scale_outputs(first, 1 / factor)
            layers[second_name] = second.scaled_inputs(factor)
            largest_change = max(largest_change, float((factor - 1).abs().max()))
        if largest_change < _CONVERGED:
            break
    return network.with_matrices(layers)


def _factor(first: Matrix, second: Matrix) -> Tensor:
    before = first.weight.flatten(1).abs().amax(dim=1).double()
    after = second.input_weights(len(first.weight)).abs().amax(dim=1).double()
    factor = torch.sqrt(before * after) / after
    usable = (before > 0) & (after > 0)
    return torch.where(usable, factor, 1.0).to(first.weight.dtype)


def bias_absorption(network: FloatNetwork) -> FloatNetwork:
    """Move the part of a channel that ReLU never cuts from one layer's bias to the next's.

        c = max(0, mean - 3 deviation);  bias1 -= c;  bias2 += weight2 c

    with the statistics of batch normalization. Activations get narrower; the function is unchanged
    for values above c. Only where the next layer reads no padding, whose zeros have no c.
    """
    layers = {layer.output: layer for layer in network.matrices}
    for first_name, second_name in adjacent_pairs(network, shifted=True):
        first, second = layers[first_name], layers[second_name]
        statistics = first.statistics
        if first.clamp != RELU or statistics is None or second.padding:
            continue
        absorbed = (statistics.mean - _SIGMAS * statistics.deviation).clamp(min=0)
        absorbed = absorbed.to(first.weight.dtype)
        layers[first_name] = replace(
            first,
            bias=first.bias - absorbed,
            statistics=replace(statistics, mean=statistics.mean - absorbed),
        )
        layers[second_name] = replace(
            second, bias=second.bias + second.response_to(second.weight, absorbed)
        )
    return network.with_matrices(layers)
