"""Schemes without their training."""

from collections.abc import Mapping
from dataclasses import replace

from bittrue.golden.quantize.scheme import LayerScheme, Scheme
from bittrue.golden.quantize.trained import LEARNED


def untrained(scheme: Scheme) -> Scheme:
    """Return a scheme that needs no labels: ranges that training would learn become ``mse``."""
    return replace(
        scheme,
        weight=replace(scheme.weight, range=_range(scheme.weight.range)),
        activation=replace(scheme.activation, range=_range(scheme.activation.range)),
        input=replace(scheme.input, range=_range(scheme.input.range)),
        output=replace(scheme.output, range=_range(scheme.output.range)),
        layers={
            name: LayerScheme(*(_part(part) for part in (each.weight, each.activation, each.input)))
            for name, each in scheme.layers.items()
        },
        training=None,
    )


def _range(name: str) -> str:
    return "mse" if name in LEARNED else name


def _part(part: Mapping[str, object]) -> Mapping[str, object]:
    return {**part, "range": _range(str(part["range"]))} if "range" in part else part
