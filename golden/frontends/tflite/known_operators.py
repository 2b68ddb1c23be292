"""What is known of the operators of .tflite files before any is converted.

The modules that convert them enter it; see `golden.frontends.tflite.registry.converts`.
"""

from dataclasses import dataclass

FUSED = "FusedActivationFunction"
"""The field of the activation that is part of an operator."""


@dataclass(frozen=True)
class Options:
    """The options table of an operator, as the schema names it, and the fields read from it."""

    table: str
    fields: tuple[str, ...]


OPTIONS: dict[str, Options] = {}
"""By operator, for those that have options."""

REPEATING: set[str] = set()
"""Operators that repeat the smaller one of their operands."""

VERSIONS: dict[str, int] = {"DEQUANTIZE": 9, "PACK": 5, "SHAPE": 1}
"""The newest version known of each operator that is converted, or left out.

Later ones may mean something else. These are those of LiteRT 2.3.
"""

SHAPE_INPUTS = {
    "RESHAPE": 1,
    "TRANSPOSE_CONV": 0,
    "RESIZE_NEAREST_NEIGHBOR": 1,
    "RESIZE_BILINEAR": 1,
    "BROADCAST_TO": 1,
}
"""Which input of an operator only says the shape of its output, which the file also states."""

SHAPE_OPERATORS = frozenset({"SHAPE", "STRIDED_SLICE", "PACK"})
"""Operators that converters emit to compute the shape of a RESHAPE, which the file also states."""


def custom_name(name: str) -> str:
    """Return what messages, and those who convert it, call a custom operator."""
    return f"custom operator {name!r}"
