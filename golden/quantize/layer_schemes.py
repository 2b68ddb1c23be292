"""What a scheme says of each layer of a network."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from typing import TypeVar, get_type_hints

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.quantize.ranges import RANGES
from bittrue.golden.quantize.scheme import ActivationScheme, LayerScheme, Scheme, WeightScheme
from bittrue.golden.quantize.scheme_file import checked_value
from bittrue.golden.quantize.trained import LEARNED, OF_ACTIVATIONS
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES

Options = TypeVar("Options", WeightScheme, ActivationScheme)
Changes = dict[str, object]


class LayerSchemes:
    """A scheme's patterns of names, applied to the layers of a network.

    Layers that are put in later, such as conversions, match no pattern.

    Parameters
    ----------
    network : FloatNetwork
        As the user knows it.
    scheme : Scheme

    Raises
    ------
    UserError
        If a pattern matches no layer, or asks for weights where there are none.
    """

    def __init__(self, network: FloatNetwork, scheme: Scheme) -> None:
        self._scheme = scheme
        self._names = frozenset(layer.output for layer in network.layers)
        weighted = {layer.output for layer in network.matrices}
        for pattern, layer_scheme in scheme.layers.items():
            named = [layer for layer in network.layers if fnmatchcase(layer.output, pattern)]
            if not named:
                raise UserError(
                    f"layers.{pattern} names no layer; the network has: "
                    + ", ".join(layer.output for layer in network.layers)
                )
            if layer_scheme.weight and weighted.isdisjoint(layer.output for layer in named):
                raise UserError(
                    f"layers.{pattern}.weight is given; {named[0].output} has no weights"
                )

    def knows(self, name: str) -> bool:
        """Return whether a layer is one that the user knows, and no conversion."""
        return name in self._names

    def weight(self, name: str) -> WeightScheme:
        """Return the scheme of a layer's weights."""
        options = self._scheme.weight
        for override in self._of(name):
            options = changed(options, override.weight, f"layers.{name}.weight")
        if options.type not in WEIGHT_TYPES:
            raise UserError(f"weight.type is {options.type!r}; allowed: {', '.join(WEIGHT_TYPES)}")
        if options.range not in RANGES or options.range in OF_ACTIVATIONS:
            allowed = ", ".join(each for each in RANGES if each not in OF_ACTIVATIONS)
            raise UserError(f"weight.range is {options.range!r}; allowed: {allowed}")
        check_training("weight", options.range, self._scheme)
        return options

    def activation(self, name: str) -> Changes:
        """Return what is said of a layer's output."""
        return self._merged(each.activation for each in self._of(name))

    def input(self, name: str) -> Changes:
        """Return what is said of what a layer reads."""
        return self._merged(each.input for each in self._of(name))

    def _of(self, name: str) -> Iterator[LayerScheme]:
        if self.knows(name):
            for pattern, each in self._scheme.layers.items():
                if fnmatchcase(name, pattern):
                    yield each

    @staticmethod
    def _merged(several: Iterator[Mapping[str, object]]) -> Changes:
        changes: Changes = {}
        for each in several:
            changes |= each
        return changes


def changed(options: Options, changes: Mapping[str, object], place: str) -> Options:
    """Return options with some fields changed.

    Raises
    ------
    UserError
        Naming the option, if there is no field of its name, or its value is not allowed.
    """
    allowed = [each.name for each in fields(options)]
    kinds = get_type_hints(type(options))
    values = {}
    for name, value in changes.items():
        if name not in allowed:
            raise UserError(f"{place}.{name} does not exist; allowed: {', '.join(allowed)}")
        values[name] = checked_value(kinds[name], value, f"{place}.{name}")
    try:
        return replace(options, **values)
    except UserError as error:  # It names the option as if it were the whole network's.
        raise UserError(f"{place}.{str(error).partition('.')[2]}") from None


def check_training(kind: str, range: str, scheme: Scheme) -> None:
    """Refuse a range that only training finds, in a scheme without one.

    Raises
    ------
    UserError
    """
    if range in LEARNED and scheme.training is None:
        raise UserError(
            f"{kind}.range is {range!r}, which training finds; give the scheme a training, or "
            "another range"
        )
