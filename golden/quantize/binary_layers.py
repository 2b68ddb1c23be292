"""What binary codes change about the layers around them."""

from collections.abc import Mapping
from dataclasses import replace

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer, Matrix, Scaled
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.operators.pad import Pad
from bittrue.golden.quantize.scheme import ActivationScheme


def with_signs(network: FloatNetwork, activations: Mapping[str, ActivationScheme]) -> FloatNetwork:
    """Make binary codes fit in: they replace activation functions, and have no zero to pad with.

    Convolutions of binary codes pad with -1, as FINN's do (Umuroglu et al., FPGA 2017).

    Raises
    ------
    UserError
        Naming a layer that needs zeros between the pixels of a binary input.
    """
    layers: list[Layer] = []
    shapes = dict(network.shapes)
    for layer in network.layers:
        if isinstance(layer, Scaled) and activations[layer.output].type == "binary":
            layer = replace(layer, clamp=UNLIMITED)
        if isinstance(layer, Matrix) and activations[layer.inputs[0]].type == "binary":
            if layer.zeros_between:
                raise UserError(
                    f"{layer.output!r} reads binary codes, which have no zero to set between "
                    f"pixels; give {layer.inputs[0]!r} another type"
                )
            if padding := layer.padding:
                padded = f"{layer.output}.pad"
                layers.append(Pad(inputs=layer.inputs, output=padded, padding=padding, value=-1.0))
                channels, *size = network.shapes[layer.inputs[0]]
                larger = (each + sum(added) for each, added in zip(size, padding, strict=True))
                shapes[padded] = (channels, *larger)
                layer = replace(layer.without_padding(), inputs=(padded,))
        layers.append(layer)
    return replace(network, layers=tuple(layers), shapes=shapes)
