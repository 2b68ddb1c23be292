"""Which scale and zero point every tensor of a network gets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from golden.affine import AffineMap
from golden.errors import UserError
from golden.integer_type import IntegerType
from golden.rounding import Rounding
from golden.torch_import.float_network import (
    AveragePool,
    Clamp,
    Concat,
    FloatNetwork,
    Matrix,
    MaxPool,
    Pad,
    Range,
    Reshape,
    Softmax,
)

INT8 = IntegerType(8, True)

_SHARING = (AveragePool, Clamp, Concat, MaxPool, Pad, Reshape)
"""Layers that compute on codes as they are: inputs and output have one scale."""

_LARGEST_BIAS = 1 << 30
"""Codes of the bias that leave the accumulator of 32 bits room for the products."""


@dataclass(frozen=True)
class Scheme:
    """How a float network is quantized.

    Parameters
    ----------
    activation : IntegerType
        Codes of activations, one asymmetric scale per tensor; up to 16 bits, 8 with tables or
        softmax.
    weight : IntegerType
        Codes of weights, one symmetric scale per output channel; signed, 2 to 16 bits.
    rounding : Rounding
        Of every requantization.
    """

    activation: IntegerType = INT8
    weight: IntegerType = INT8
    rounding: Rounding = Rounding.TFLITE_DOUBLE


@dataclass(frozen=True, eq=False)
class Plan:
    """The scales of a network.

    Parameters
    ----------
    scheme : Scheme
    activations : mapping of str to AffineMap
        By tensor; per tensor.
    weights : mapping of str to AffineMap
        By the name of a convolution or linear layer; per output channel.
    """

    scheme: Scheme
    activations: Mapping[str, AffineMap]
    weights: Mapping[str, AffineMap]


def make_plan(network: FloatNetwork, ranges: Mapping[str, Range], scheme: Scheme) -> Plan:
    """Turn calibrated ranges into scales.

    Tensors between which codes only move share one scale, that of their joint range. Softmax has
    the fixed output scale of TFLite's kernel.

    Raises
    ------
    UserError
        If the scheme's types do not fit, or a tensor that shares the scale of a softmax needs
        another.
    """
    if not scheme.weight.signed:
        raise UserError(f"weight is {scheme.weight}; allowed: signed, 2 to 16 bits")
    softmaxes = {layer.output for layer in network.layers if isinstance(layer, Softmax)}
    activations: dict[str, AffineMap] = {}
    for group in _sharing_groups(network):
        low, high = min(ranges[n][0] for n in group), max(ranges[n][1] for n in group)
        if softmaxes.isdisjoint(group):
            mapping = AffineMap.asymmetric(low, high, scheme.activation)
        else:
            mapping = _softmax_map(scheme.activation)
            if low < 0 or high > 1:
                raise UserError(
                    f"tensors {', '.join(sorted(group))} share one scale, which softmax fixes to "
                    f"0 to 1, and reach {low:g} to {high:g}; do not join them"
                )
        activations |= dict.fromkeys(group, mapping)
    weights = {
        layer.output: _weight_map(layer, activations[layer.inputs[0]], scheme.weight)
        for layer in network.layers
        if isinstance(layer, Matrix)
    }
    return Plan(scheme, activations, weights)


def _sharing_groups(network: FloatNetwork) -> list[list[str]]:
    """Return the tensors' names, grouped by the scale they must share."""
    group = {name: [name] for name in network.shapes}
    for layer in network.layers:
        if isinstance(layer, _SHARING):
            for name in layer.inputs:
                if group[name] is not group[layer.output]:
                    group[layer.output].extend(group[name])
                    group |= dict.fromkeys(group[name], group[layer.output])
    return list({id(names): names for names in group.values()}.values())


def _softmax_map(kind: IntegerType) -> AffineMap:
    return AffineMap(kind, 2.0**-kind.width, kind.minimum)


def _weight_map(layer: Matrix, inputs: AffineMap, kind: IntegerType) -> AffineMap:
    """Return symmetric scales, one per output channel, under which the bias fits 32 bits too."""
    channels = len(layer.weight)
    largest = layer.weight.to(torch.float64).abs().reshape(channels, -1).amax(dim=1).numpy()
    bias = layer.bias.to(torch.float64).abs().numpy()
    smallest_scale = bias / (float(inputs.scale[0]) * _LARGEST_BIAS)
    return AffineMap.symmetric(np.maximum(largest, smallest_scale * kind.maximum), kind, axis=0)
