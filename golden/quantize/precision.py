"""Which scheme every tensor and every layer of a network gets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import TypeVar

from golden.errors import UserError
from golden.quantize.ranges import RANGES
from golden.quantize.scheme import ActivationScheme, LayerScheme, Scheme, WeightScheme
from golden.quantize.trained import LEARNED, OF_ACTIVATIONS
from golden.quantize.weight_types import WEIGHT_TYPES
from golden.torch_import.float_network import (
    UNLIMITED,
    AveragePool,
    Clamp,
    Concat,
    Convert,
    Convolution,
    FloatNetwork,
    Layer,
    Matrix,
    MaxPool,
    Pad,
    Reshape,
    Scaled,
)

SHARING = (AveragePool, Clamp, Concat, MaxPool, Pad, Reshape)
"""Layers that compute on codes as they are: inputs and output have one scale."""

Options = TypeVar("Options", WeightScheme, ActivationScheme)


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
    def conversions(self) -> tuple[Convert, ...]:
        """The conversions between precision domains."""
        return tuple(layer for layer in self.network.layers if isinstance(layer, Convert))


def assign_precision(network: FloatNetwork, scheme: Scheme) -> Precision:
    """Put conversions into a network and give every tensor and layer its scheme.

    Raises
    ------
    UserError
        If a layer's name matches nothing, an option does not exist, or tensors that must share one
        scale are given different schemes.
    """
    _check_patterns(network, scheme)
    network = _with_conversions(network, scheme)
    network = _with_joins(network, scheme)
    network = _with_signs(network, _activations(network, scheme))
    groups = tuple(tuple(group) for group in _Groups(network).all())
    activations = _activations(network, scheme)
    weights = {
        layer.output: _weight_scheme(layer.output, scheme)
        for layer in network.layers
        if isinstance(layer, Matrix)
    }
    return Precision(network, groups, activations, weights)


def _activations(network: FloatNetwork, scheme: Scheme) -> dict[str, ActivationScheme]:
    activations: dict[str, ActivationScheme] = {}
    for group in _Groups(network).all():
        given = _given_scheme(tuple(group), network, scheme) or scheme.activation
        activations |= dict.fromkeys(group, _checked(given, scheme))
    return activations


def _check_patterns(network: FloatNetwork, scheme: Scheme) -> None:
    for pattern, layer_scheme in scheme.layers.items():
        named = [layer for layer in network.layers if fnmatchcase(layer.output, pattern)]
        if not named:
            raise UserError(
                f"layers.{pattern} names no layer; the network has: "
                + ", ".join(layer.output for layer in network.layers)
            )
        if layer_scheme.weight and not any(isinstance(layer, Matrix) for layer in named):
            raise UserError(f"layers.{pattern}.weight is given; {named[0].output} has no weights")


def _overrides(name: str, scheme: Scheme) -> Iterator[LayerScheme]:
    return (each for pattern, each in scheme.layers.items() if fnmatchcase(name, pattern))


def changed(options: Options, changes: Mapping[str, object], place: str) -> Options:
    """Return options with some fields changed.

    Raises
    ------
    UserError
        If there is no field of a name.
    """
    allowed = [each.name for each in fields(options)]
    for name in changes:
        if name not in allowed:
            raise UserError(f"{place}.{name} does not exist; allowed: {', '.join(allowed)}")
    return replace(options, **changes)  # type: ignore[arg-type]


def _weight_scheme(name: str, scheme: Scheme) -> WeightScheme:
    options = scheme.weight
    for override in _overrides(name, scheme):
        options = changed(options, override.weight, f"layers.{name}.weight")
    if options.type not in WEIGHT_TYPES:
        raise UserError(f"weight.type is {options.type!r}; allowed: {', '.join(WEIGHT_TYPES)}")
    if options.range not in RANGES or options.range in OF_ACTIVATIONS:
        allowed = ", ".join(each for each in RANGES if each not in OF_ACTIVATIONS)
        raise UserError(f"weight.range is {options.range!r}; allowed: {allowed}")
    _check_training("weight", options.range, scheme)
    return options


def _check_training(kind: str, range: str, scheme: Scheme) -> None:
    if range in LEARNED and scheme.training is None:
        raise UserError(
            f"{kind}.range is {range!r}, which training finds; give the scheme a training, or "
            "another range"
        )


def activation_override(name: str, scheme: Scheme) -> dict[str, object]:
    """Return what layers say of a tensor by the name of the layer that makes it."""
    changes: dict[str, object] = {}
    for override in _overrides(name, scheme):
        changes |= override.activation
    return changes


def _given_scheme(
    group: tuple[str, ...], network: FloatNetwork, scheme: Scheme
) -> ActivationScheme | None:
    """Return what a scheme says of tensors that share one scale; None if nothing in particular."""
    conversions = {
        layer.output: _input_override(layer.output, network, scheme)
        for layer in network.layers
        if isinstance(layer, Convert) and layer.output in group
    }
    given = {name: activation_override(name, scheme) for name in group} | conversions
    different = {name: changes for name, changes in given.items() if changes}
    options = None
    if any(name in network.outputs for name in group):
        options = scheme.output
    elif any(name in network.inputs for name in group):
        options = scheme.input
    if not different:
        return options
    first, *others = different
    for name in others:
        if different[name] != different[first]:
            raise UserError(
                f"layers {first} and {name} are given different activations, and their codes share "
                f"one scale, because only moved between them; give both the same"
            )
    return changed(options or scheme.activation, different[first], f"layers.{first}.activation")


def _checked(options: ActivationScheme, scheme: Scheme) -> ActivationScheme:
    if options.range not in RANGES:
        raise UserError(f"activation.range is {options.range!r}; allowed: {', '.join(RANGES)}")
    _check_training("activation", options.range, scheme)
    return options


_CONVERTED, _JOINED = ".input", ".joined"
"""Ends of the names of conversions, before a number."""


def _input_override(name: str, network: FloatNetwork, scheme: Scheme) -> dict[str, object]:
    """Return what the layer behind a conversion says of its input."""
    changes: dict[str, object] = {}
    for reader in network.consumers(name):
        for override in _overrides(reader.output, scheme):
            changes |= override.input
    return changes


def _with_conversions(network: FloatNetwork, scheme: Scheme) -> FloatNetwork:
    """Put a conversion before each layer that asks for an input of its own precision."""
    layers: list[Layer] = []
    shapes = dict(network.shapes)
    for layer in network.layers:
        if any(override.input for override in _overrides(layer.output, scheme)):
            converted = []
            for position, name in enumerate(layer.inputs):
                output = f"{layer.output}{_CONVERTED}{position or ''}"
                layers.append(Convert(inputs=(name,), output=output))
                shapes[output] = network.shapes[name]
                converted.append(output)
            layer = replace(layer, inputs=tuple(converted))
        layers.append(layer)
    return replace(network, layers=tuple(layers), shapes=shapes)


def _with_signs(network: FloatNetwork, activations: Mapping[str, ActivationScheme]) -> FloatNetwork:
    """Make binary codes fit in: they replace activation functions, and have no zero to pad with.

    Convolutions of binary codes pad with -1, as FINN's do (Umuroglu et al., FPGA 2017).
    """
    layers: list[Layer] = []
    shapes = dict(network.shapes)
    for layer in network.layers:
        if isinstance(layer, Scaled) and activations[layer.output].type == "binary":
            layer = replace(layer, clamp=UNLIMITED)
        if (
            isinstance(layer, Convolution)
            and activations[layer.inputs[0]].type == "binary"
            and layer.window.padding != _UNPADDED
        ):
            padded = f"{layer.output}.pad"
            padding = layer.window.padding
            layers.append(Pad(inputs=layer.inputs, output=padded, padding=padding, value=-1.0))
            channels, *size = network.shapes[layer.inputs[0]]
            larger = (each + sum(added) for each, added in zip(size, padding, strict=True))
            shapes[padded] = (channels, *larger)
            layer = replace(
                layer, inputs=(padded,), window=replace(layer.window, padding=_UNPADDED)
            )
        layers.append(layer)
    return replace(network, layers=tuple(layers), shapes=shapes)


_UNPADDED = ((0, 0), (0, 0))


def _with_joins(network: FloatNetwork, scheme: Scheme) -> FloatNetwork:
    """Put a conversion before a concatenation wherever an input is given another precision.

    The result has what it is given itself, else the widest that is given to an input. Inputs that
    nothing is said of are quantized like the result, and need no conversion.
    """
    groups = _Groups(network, tuple(kind for kind in SHARING if kind is not Concat))
    given = {
        name: _given_scheme(tuple(group), network, scheme)
        for group in groups.all()
        for name in group
    }
    layers: list[Layer] = []
    shapes = dict(network.shapes)
    for layer in network.layers:
        if isinstance(layer, Concat):
            said = [each for name in layer.inputs if (each := given[name]) is not None]
            widest = max(said, key=lambda each: each.bits, default=None)
            wanted = given[layer.output] or widest
            joined = []
            for position, name in enumerate(layer.inputs):
                if given[name] in (None, wanted):
                    groups.merge(name, layer.output)
                else:
                    convert = Convert(inputs=(name,), output=f"{layer.output}{_JOINED}{position}")
                    layers.append(convert)
                    shapes[convert.output] = network.shapes[name]
                    name = convert.output
                joined.append(name)
            given |= dict.fromkeys(groups.of(layer.output), wanted)
            layer = replace(layer, inputs=tuple(joined))
        layers.append(layer)
    return replace(network, layers=tuple(layers), shapes=shapes)


class _Groups:
    """Tensors' names, grouped by the scale that they share.

    Parameters
    ----------
    network : FloatNetwork
    sharing : tuple of type
        Layers whose inputs and output share one.
    """

    def __init__(self, network: FloatNetwork, sharing: tuple[type[Layer], ...] = SHARING) -> None:
        self._group = {name: [name] for name in network.shapes}
        for layer in network.layers:
            if isinstance(layer, sharing):
                for name in layer.inputs:
                    self.merge(name, layer.output)

    def of(self, name: str) -> list[str]:
        """Return the group of a tensor."""
        return self._group[name]

    def all(self) -> list[list[str]]:
        """Return every group."""
        return list({id(names): names for names in self._group.values()}.values())

    def merge(self, first: str, second: str) -> None:
        """Let two tensors share one scale."""
        one, other = self._group[first], self._group[second]
        if one is not other:
            other.extend(one)
            self._group |= dict.fromkeys(one, other)
