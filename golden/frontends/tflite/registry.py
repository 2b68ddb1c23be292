"""The operators that can be converted."""

from collections.abc import Callable

from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.known_operators import (
    OPTIONS,
    REPEATING,
    VERSIONS,
    Options,
    custom_name,
)

Converter = Callable[[Site, LitertArithmetic], None]

CONVERTERS: dict[str, Converter] = {}
"""By the schema's name of the operator."""


def converts_custom(name: str, version: int = 1) -> Callable[[Converter], Converter]:
    """Register a converter of a custom operator, by the name that files give it."""
    return _enters({custom_name(name): version})


def converts(
    options: Options | None = None, repeats: bool = False, **versions: int
) -> Callable[[Converter], Converter]:
    """Register a converter of operators.

    Parameters
    ----------
    options : Options, optional
        What it reads of the operators' options.
    repeats : bool
        Whether they repeat the smaller one of their operands.
    **versions : int
        The newest version known of each, by the schema's name.
    """
    return _enters(versions, options, repeats)


def _enters(
    versions: dict[str, int], options: Options | None = None, repeats: bool = False
) -> Callable[[Converter], Converter]:
    def register(converter: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(versions, converter))
        VERSIONS.update(versions)
        if options is not None:
            OPTIONS.update(dict.fromkeys(versions, options))
        if repeats:
            REPEATING.update(versions)
        return converter

    return register
