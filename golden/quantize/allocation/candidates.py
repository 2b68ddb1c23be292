"""A network and the widths that its layers may have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.allocation.problem import Bits
from bittrue.golden.quantize.assemble import assemble
from bittrue.golden.quantize.calibrate import Batch, CalibrationData, distributions
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.layer_schemes import LayerSchemes
from bittrue.golden.quantize.precision import Precision, assign_precision
from bittrue.golden.quantize.scheme import LayerScheme, Scheme


@dataclass(frozen=True)
class Group:
    """Tensors of one scale, which layers with weights read.

    Parameters
    ----------
    tensors : tuple of str
    makers : tuple of str
        Layers that compute them, not only move them.
    stated : tuple of str
        Layers whose result a scheme gives bits: those of which it says something, else the makers.
    readers : tuple of str
        Layers with weights.
    widths : tuple of int
        Bits that may be chosen.
    fixed : bool
        Whether the base scheme decides, and `widths` is what it says.
    """

    tensors: tuple[str, ...]
    makers: tuple[str, ...]
    stated: tuple[str, ...]
    readers: tuple[str, ...]
    widths: tuple[int, ...]
    fixed: bool

    @property
    def name(self) -> str:
        """The tensor that stands for all."""
        return (self.makers or self.tensors)[0]


@dataclass(frozen=True, eq=False)
class Candidates:
    """A network, quantized at every width that is a candidate.

    Parameters
    ----------
    network : FloatNetwork
    scheme : Scheme
        What is the same for all of them.
    groups : tuple of Group
    weight_bits : tuple of int
        Candidates of every layer.
    fakes : mapping of int to FakeQuantizedNetwork
        By width: everything that may be chosen has it.
    """

    network: FloatNetwork
    scheme: Scheme
    groups: tuple[Group, ...]
    weight_bits: tuple[int, ...]
    fakes: Mapping[int, FakeQuantizedNetwork]

    @classmethod
    def of(
        cls,
        module: nn.Module,
        calibration: Tensor | Batch | Iterable[Any],
        scheme: Scheme,
        weight_bits: Sequence[int],
        activation_bits: Sequence[int],
    ) -> "Candidates":
        """Trace a module and quantize it at every candidate width.

        Parameters
        ----------
        module, calibration
            As of `golden.quantize.quantize`.
        scheme : Scheme
            Everything but bits; and those of the network's inputs and outputs, and of tensors
            with binary codes.
        weight_bits, activation_bits : sequence of int
            Candidates, in any order.

        Raises
        ------
        UserError
            If there are none, or as `golden.quantize.quantize`.
        """
        if not weight_bits or not activation_bits:
            raise UserError("there are no candidate bits; give one or more widths")
        data = CalibrationData(calibration)
        network = simplify(trace(module, data.example))
        base = assign_precision(network, scheme)
        groups = tuple(_groups(network, base, scheme, tuple(sorted(set(activation_bits)))))
        seen = distributions(network, data, scheme.calibration_type)
        fakes = {}
        for width in sorted({*weight_bits, *activation_bits}):
            layers = dict.fromkeys(base.weights, width)
            uniform = with_bits(scheme, layers, [(group, width) for group in groups])
            precision = assign_precision(network, uniform)
            # A conversion's values are those of what it converts.
            converted = {each.output: seen[each.inputs[0]] for each in precision.conversions}
            fakes[width] = assemble(precision, seen | converted).eval()
        return cls(network, scheme, groups, tuple(sorted(set(weight_bits))), fakes)

    def layer(self, name: str, bits: int) -> Matrix:
        """Return a layer with quantized weights."""
        # All but the weights are this network's, which has no conversion and no padding of its own.
        (layer,) = (each for each in self.network.matrices if each.output == name)
        return replace(layer, weight=self.fakes[bits].matrices[name].quantized().weight)

    def quantizers(self, group: Group, bits: int) -> dict[str, ActivationQuantizer]:
        """Return the quantizer of each tensor of a group."""
        fake = self.fakes[self.weight_bits[0] if group.fixed else bits]
        return {
            name: fake.activation(name) for name in group.tensors if name in self.network.shapes
        }

    @property
    def bits(self) -> dict[str, tuple[Bits, ...]]:
        """Every pair of weight and input bits that a layer may have, by layer."""
        return {
            layer: tuple((weight, values) for weight in self.weight_bits for values in group.widths)
            for group in self.groups
            for layer in group.readers
        }

    def uniform(self, weight_bits: int, activation_bits: int) -> Scheme:
        """Return the scheme in which everything that may be chosen has the same widths."""
        weights = {layer: weight_bits for group in self.groups for layer in group.readers}
        return with_bits(self.scheme, weights, [(group, activation_bits) for group in self.groups])

    def scheme_of(self, bits: Mapping[str, Bits], scheme: Scheme | None = None) -> Scheme:
        """Return the scheme that gives each layer its bits of weights and of what it reads.

        Parameters
        ----------
        bits : mapping of str to (int, int)
        scheme : Scheme, optional
            Changed instead of the one that candidates were quantized with.
        """
        layers = {layer: weight for layer, (weight, _) in bits.items()}
        groups = [(group, bits[group.readers[0]][1]) for group in self.groups]
        return with_bits(scheme or self.scheme, layers, groups)


def with_bits(
    scheme: Scheme, weights: Mapping[str, int], groups: Iterable[tuple[Group, int]]
) -> Scheme:
    """Return a scheme with bits of layers' weights and of groups of tensors."""
    layers = dict(scheme.layers)

    def override(name: str, part: str, bits: int) -> None:
        before = layers.pop(name, LayerScheme())  # The last one wins.
        layers[name] = replace(before, **{part: {**getattr(before, part), "bits": bits}})

    for name, bits in weights.items():
        override(name, "weight", bits)
    for group, bits in groups:
        if not group.fixed:
            for name in group.stated:
                override(name, "activation", bits)
    return replace(scheme, layers=layers)


def _groups(
    original: FloatNetwork, precision: Precision, scheme: Scheme, widths: tuple[int, ...]
) -> Iterable[Group]:
    network = precision.network
    said = LayerSchemes(original, scheme)
    layers = {layer.output: layer for layer in network.layers}
    converted = {layer.output for layer in precision.conversions}
    for tensors in precision.groups:
        readers = tuple(layer.output for layer in network.matrices if layer.inputs[0] in tensors)
        if not readers:
            continue
        makers = tuple(name for name in tensors if name in layers and not layers[name].shares_scale)
        stated = tuple(name for name in tensors if said.activation(name)) or makers
        given = precision.activations[tensors[0]]
        fixed = (
            given.type == "binary"
            or any(name in network.inputs or name in network.outputs for name in tensors)
            or any(name in converted for name in tensors)
        )
        bits = (given.bits,) if fixed else widths
        yield Group(tensors, makers, stated, readers, bits, fixed)
