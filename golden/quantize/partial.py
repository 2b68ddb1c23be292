"""A float network of which only some parts are quantized."""

from collections.abc import Mapping

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer


def run_partly_quantized(
    network: FloatNetwork,
    exact: Mapping[str, Tensor],
    layers: Mapping[str, Layer],
    activations: Mapping[str, ActivationQuantizer],
) -> dict[str, Tensor]:
    """Return every tensor of a network when only some layers' weights and tensors are quantized.

    Parameters
    ----------
    network : FloatNetwork
    exact : mapping of str to Tensor
        Every tensor of the network with nothing quantized; what does not change is taken from it.
    layers : mapping of str to Layer
        With quantized weights, by name.
    activations : mapping of str to ActivationQuantizer
        By tensor.
    """
    tensors = dict(exact)
    with torch.no_grad():
        for name in network.inputs:
            if name in activations:
                tensors[name] = activations[name](exact[name])
        for layer in network.layers:
            name = layer.output
            quantizer = activations.get(name) if layer.quantizes_result else None
            same = all(tensors[each] is exact[each] for each in layer.inputs)
            if not same or name in layers:
                layer = layers.get(name, layer)
                tensors[name] = layer.compute(*(tensors[each] for each in layer.inputs))
            if quantizer is not None:
                tensors[name] = quantizer(tensors[name])
    return tensors
