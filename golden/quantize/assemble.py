"""Quantizers for every part of a network, from its scheme and the distribution of its values."""

import numpy as np
import torch

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.frontends.torch.matrix_arithmetic import LARGEST_BIAS
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.activation_quantizer import (
    ActivationQuantizer,
    BinaryActivation,
    UniformActivation,
)
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.precision import Precision
from bittrue.golden.quantize.ranges import RANGES, Grid
from bittrue.golden.quantize.scheme import ActivationScheme, WeightScheme
from bittrue.golden.quantize.trained import LEARNED, OBSERVED, TRAINED_ACTIVATIONS, TRAINED_WEIGHTS
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES
from bittrue.golden.quantize.weight_types.group import GroupWeight
from bittrue.golden.quantize.weight_types.uniform import UniformWeight


def assemble(
    precision: Precision, distributions: dict[str, Distribution], training: bool = False
) -> FakeQuantizedNetwork:
    """Return a network with a quantizer for every group of tensors and every layer with weights.

    Parameters
    ----------
    precision : Precision
    distributions : dict of str to Distribution
        Of every tensor.
    training : bool
        Whether ranges are to change in training.

    Raises
    ------
    UserError
        Naming the tensor or layer and what does not fit.
    """
    network = precision.network
    activations: dict[str, ActivationQuantizer] = {}
    for group in precision.groups:
        quantizer = _activation(group, precision, distributions, training)
        activations |= dict.fromkeys(group, quantizer)
    weights: dict[str, WeightQuantizer] = {}
    for layer in network.matrices:
        if not (layer.weight.isfinite().all() and layer.bias.isfinite().all()):
            raise UserError(
                f"layer {layer.output!r} has weights that are not finite; check the module"
            )
        scheme = precision.weights[layer.output]
        smallest = _smallest_scale(layer, activations[layer.inputs[0]].map.scale)
        try:
            weights[layer.output] = _weight(layer.weight, scheme, smallest, training)
        except UserError as error:
            raise UserError(f"layer {layer.output!r}: {error}") from error
    return FakeQuantizedNetwork(network, activations, weights)


def _weight(
    weight: torch.Tensor, scheme: WeightScheme, smallest: torch.Tensor, training: bool
) -> WeightQuantizer:
    quantizer = WEIGHT_TYPES[scheme.type](weight, scheme, smallest)
    if not training or scheme.range not in TRAINED_WEIGHTS:
        return quantizer
    if isinstance(quantizer, UniformWeight) and quantizer.may_change_scale:
        return TRAINED_WEIGHTS[scheme.range](quantizer, scheme)
    if scheme.range in LEARNED and isinstance(quantizer, UniformWeight | GroupWeight):
        raise UserError(
            f"weight.range is {scheme.range!r}; allowed with granularity tensor or channel, "
            "rounding nearest and bit_allocation equal"
        )
    return quantizer


def _activation(
    group: tuple[str, ...],
    precision: Precision,
    distributions: dict[str, Distribution],
    training: bool,
) -> ActivationQuantizer:
    scheme = precision.activations[group[0]]
    if scheme.type == "binary":
        return BinaryActivation()
    seen = [distributions[name] for name in group]
    low, high = min(each.minimum for each in seen), max(each.maximum for each in seen)
    if _has_fixed_scale(group, precision.network):
        return UniformActivation(_fixed_map(group, low, high, scheme))
    signed = scheme.type == "asymmetric" or low < 0
    grid = Grid.of(IntegerType(scheme.bits, signed), scheme)
    ranges = [RANGES[scheme.range](each, grid) for each in seen]
    mapping = grid.map(min(low for low, _ in ranges), max(high for _, high in ranges))
    given = any(name in precision.network.inputs for name in group)
    stays = scheme.range not in TRAINED_ACTIVATIONS or (given and scheme.range in OBSERVED)
    if not training or stays:
        return UniformActivation(mapping)
    try:
        return TRAINED_ACTIVATIONS[scheme.range](mapping, grid)
    except UserError as error:
        raise UserError(f"tensor {group[0]!r}: {error}") from error


def _has_fixed_scale(group: tuple[str, ...], network: FloatNetwork) -> bool:
    return any(layer.fixes_scale and layer.output in group for layer in network.layers)


def _fixed_map(
    group: tuple[str, ...], low: float, high: float, scheme: ActivationScheme
) -> QuantType:
    """Return the fixed output scale of TFLite's softmax."""
    if low < 0 or high > 1:
        raise UserError(
            f"tensors {', '.join(sorted(group))} share one scale, which softmax fixes to "
            f"0 to 1, and reach {low:g} to {high:g}; do not join them"
        )
    codes = IntegerType(scheme.bits, True)
    return QuantType.affine(codes, 2.0**-codes.width, codes.minimum)


def _smallest_scale(layer: Matrix, input_scale: float) -> torch.Tensor:
    """Return for each output channel the smallest scale with which its bias fits."""
    bias = layer.bias.detach().to(torch.float64).abs().numpy()
    smallest = bias / (input_scale * LARGEST_BIAS)
    # One more float32 step, so that rounding the scale does not make it too small again.
    return torch.from_numpy(np.nextafter(smallest.astype(np.float32), np.float32(np.inf)))
