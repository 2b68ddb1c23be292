"""Which scheme every tensor and every layer of a network gets, and where precisions meet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.operators.requantize import Convert
from bittrue.golden.quantize.binary_layers import with_signs
from bittrue.golden.quantize.layer_schemes import LayerSchemes, changed, check_training
from bittrue.golden.quantize.ranges import RANGES
from bittrue.golden.quantize.scale_groups import ScaleGroups
from bittrue.golden.quantize.scheme import ActivationScheme, Scheme, WeightScheme


@dataclass(frozen=True, eq=False)
class Precision:
    """A network with its conversions in place, and the scheme of each part.

    Parameters
    ----------
    network : FloatNetwork
        With a `Convert` layer wherever two precisions meet.
    groups : tuple of tuple of str
        Names of the tensors that share one scale; every tensor is in one group.
    activations : mapping of str to ActivationScheme
        By tensor.
    weights : mapping of str to WeightScheme
        By layer.
    """

    network: FloatNetwork
    groups: tuple[tuple[str, ...], ...]
    activations: Mapping[str, ActivationScheme]
    weights: Mapping[str, WeightScheme]

    @property
    def conversions(self) -> tuple[Layer, ...]:
        """The conversions between precision domains."""
        return tuple(layer for layer in self.network.layers if layer.changes_precision_only)


def assign_precision(network: FloatNetwork, scheme: Scheme) -> Precision:
    """Put conversions into a network and give every tensor and layer its scheme.

    Raises
    ------
    UserError
        If a layer's name matches nothing, an option does not exist, or tensors that must share one
        scale are given different schemes.
    """
    assignment = _Assignment(LayerSchemes(network, scheme), scheme)
    network = assignment.with_conversions(network)
    network = assignment.with_joins(network)
    network = with_signs(network, assignment.activations(network))
    groups = tuple(tuple(group) for group in ScaleGroups(network).all())
    weights = {layer.output: assignment.layers.weight(layer.output) for layer in network.matrices}
    return Precision(network, groups, assignment.activations(network), weights)


_CONVERTED, _JOINED = ".input", ".joined"
"""Ends of the names of conversions, before a number."""


@dataclass(frozen=True)
class _Assignment:
    """Gives a scheme to the tensors of a network.

    Parameters
    ----------
    layers : LayerSchemes
    scheme : Scheme
    """

    layers: LayerSchemes
    scheme: Scheme

    def activations(self, network: FloatNetwork) -> dict[str, ActivationScheme]:
        """Return the scheme of every tensor."""
        activations: dict[str, ActivationScheme] = {}
        for group in ScaleGroups(network).all():
            options = self._given(group, network) or self.scheme.activation
            if options.range not in RANGES:
                allowed = ", ".join(RANGES)
                raise UserError(f"activation.range is {options.range!r}; allowed: {allowed}")
            check_training("activation", options.range, self.scheme)
            activations |= dict.fromkeys(group, options)
        return activations

    def _given(self, group: list[str], network: FloatNetwork) -> ActivationScheme | None:
        """Return what is said of tensors that share one scale; None if nothing in particular."""
        said = {name: self.layers.activation(name) for name in group}
        for layer in network.layers:
            if layer.changes_precision_only and layer.output in group:
                for reader in network.consumers(layer.output):
                    said[layer.output] |= self.layers.input(reader.output)
        different = {name: changes for name, changes in said.items() if changes}
        options = None
        if any(name in network.outputs for name in group):
            options = self.scheme.output
        elif any(name in network.inputs for name in group):
            options = self.scheme.input
        if not different:
            return options
        first, *others = different
        for name in others:
            if different[name] != different[first]:
                raise UserError(
                    f"layers {first} and {name} are given different activations, and their codes "
                    "share one scale, because only moved between them; give both the same"
                )
        options = options or self.scheme.activation
        # A conversion is named after the option that asks for it.
        place = f"{first}.activation" if self.layers.knows(first) else first
        return changed(options, different[first], f"layers.{place}")

    def with_conversions(self, network: FloatNetwork) -> FloatNetwork:
        """Put a conversion before each layer that asks for an input of its own precision."""
        layers: list[Layer] = []
        shapes = dict(network.shapes)
        for layer in network.layers:
            if self.layers.input(layer.output):
                converted = []
                for position, name in enumerate(layer.inputs):
                    output = f"{layer.output}{_CONVERTED}{position or ''}"
                    layers.append(Convert(inputs=(name,), output=output))
                    shapes[output] = network.shapes[name]
                    converted.append(output)
                layer = replace(layer, inputs=tuple(converted))
            layers.append(layer)
        return replace(network, layers=tuple(layers), shapes=shapes)

    def with_joins(self, network: FloatNetwork) -> FloatNetwork:
        """Put a conversion before a concatenation wherever an input is given another precision.

        The result has what it is given itself, else the widest that is given to an input. Inputs
        that nothing is said of are quantized like the result, and need no conversion.
        """
        groups = ScaleGroups(network, joined=False)
        given = {
            name: options
            for group in groups.all()
            for options in [self._given(group, network)]
            for name in group
        }
        layers: list[Layer] = []
        shapes = dict(network.shapes)
        for layer in network.layers:
            if layer.joins:
                said = [each for name in layer.inputs if (each := given[name]) is not None]
                widest = max(said, key=lambda each: each.bits, default=None)
                wanted = given[layer.output] or widest
                joined = []
                for position, name in enumerate(layer.inputs):
                    if given[name] in (None, wanted):
                        groups.merge(name, layer.output)
                    else:
                        convert = Convert(
                            inputs=(name,), output=f"{layer.output}{_JOINED}{position}"
                        )
                        layers.append(convert)
                        shapes[convert.output] = network.shapes[name]
                        name = convert.output
                    joined.append(name)
                given |= dict.fromkeys(groups.of(layer.output), wanted)
                layer = replace(layer, inputs=tuple(joined))
            layers.append(layer)
        return replace(network, layers=tuple(layers), shapes=shapes)
