"""PRELU, and what else has a slope for each sign: LEAKY_RELU and ABS of 16-bit codes."""

import dataclasses

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import INT16, LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.multiplied import limited, multiplied_addend
from bittrue.golden.frontends.tflite.operands import require_one_type
from bittrue.golden.frontends.tflite.operators.add import sum_of
from bittrue.golden.frontends.tflite.operators.constant import emit_constant
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Encoding
from bittrue.golden.graph.add import Addend
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.multiply import Multiply


@converts(PRELU=1)
def _prelu(site: Site, arithmetic: LitertArithmetic) -> None:
    """Multiply what is below zero by its slope, and add what is not, scaled."""
    site.input_count(2)
    require_one_type(site)
    source, slope, target = site.source(0), site.source(1), site.target
    if source.type.width != 8:
        raise UserError(f"its input is {source.type}; allowed: 8 bits")
    positive, negative = emit_signs(site, source)
    product = Multiply(
        inputs=(negative, emit_constant(site, 1, rank=len(site.input(0).shape))),
        output=f"{site.output.name}/below",
        encodings=(source.encoding, slope.encoding),
    )
    # Codes of 16 bits hold whatever the output can be.
    wide = Affine(INT16, target.scale, 0)
    scale = source.scale * slope.scale / target.scale
    requantization = arithmetic.scaled(
        site.builder.infer(product), scale, wide, (INT16.minimum, INT16.maximum)
    )
    site.builder.add(dataclasses.replace(product, requantization=requantization))
    above = multiplied_addend(source.encoding, source.scale / target.scale, "PRELU")
    site.emit(
        sum_of(
            (positive, product.output),
            site.output.name,
            (above, Addend(Encoding())),
            limited(target),
        )
    )


def emit_slopes(site: Site, above: float, below: float) -> None:
    """Append a function that multiplies codes by one scale from zero on, and by another below."""
    source, target = site.source(), site.target
    signs = emit_signs(site, source)
    addends = (
        multiplied_addend(source.encoding, above, site.operator.name),
        multiplied_addend(source.encoding, abs(below), site.operator.name, subtract=below < 0),
    )
    site.emit(sum_of(signs, site.output.name, addends, limited(target)))


def emit_signs(site: Site, source: Affine) -> tuple[str, str]:
    """Append the codes of an operator's first input from zero on, and those up to zero."""
    zero, kind = source.zero_point, source.type
    names = (f"{site.output.name}/positive", f"{site.output.name}/negative")
    ranges = ((zero, kind.maximum), (kind.minimum, zero))
    for name, (minimum, maximum) in zip(names, ranges, strict=True):
        site.builder.add(
            Clamp(inputs=(site.input(0).name,), output=name, minimum=minimum, maximum=maximum)
        )
    return names
