"""SQUARED_DIFFERENCE."""

import dataclasses

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import INT8, LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.multiplied import multiplied_addend
from bittrue.golden.frontends.tflite.operands import operands_of, require_one_type
from bittrue.golden.frontends.tflite.operators.add import sum_of
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Encoding
from bittrue.golden.graph.multiply import Multiply

_SHIFT = 7
"""Bits by which operands are shifted left before they are scaled."""


@converts(SQUARED_DIFFERENCE=2, repeats=True)
def _squared_difference(site: Site, arithmetic: LitertArithmetic) -> None:
    """Subtract operands scaled to half the unit of the coarser one, and square the difference."""
    require_one_type(site)
    first, second, target = site.source(0), site.source(1), site.target
    if target.type != INT8:
        raise UserError(f"its output is {target.type}; allowed: {INT8}")
    twice_largest = 2 * max(first.scale, second.scale)
    scale = twice_largest * twice_largest / ((1 << 2 * _SHIFT) * target.scale)
    if scale >= 1:
        raise UserError(f"its output has scale {target.scale}, which the reference excludes")
    operands = ((first, False), (second, True))
    difference = sum_of(
        operands_of(site),
        f"{site.output.name}/difference",
        tuple(
            multiplied_addend(
                each.encoding,
                each.scale / twice_largest,
                "SQUARED_DIFFERENCE",
                left_shift=_SHIFT,
                subtract=subtract,
            )
            for each, subtract in operands
        ),
    )
    site.builder.add(difference)
    square = Multiply(
        inputs=(difference.output, difference.output),
        output=site.output.name,
        encodings=(Encoding(), Encoding()),
    )
    clamp = target.type.minimum, target.type.maximum
    requantization = arithmetic.scaled(site.builder.infer(square), scale, target, clamp)
    site.emit(dataclasses.replace(square, requantization=requantization))
