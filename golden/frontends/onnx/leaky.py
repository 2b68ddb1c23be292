"""Leaky rectifiers of what no quantizer has made codes of: two requantizations of the same sums."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import stepped
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.exact import exact_requantization
from bittrue.golden.frontends.onnx.no_integer_kernel import refuse
from bittrue.golden.frontends.onnx.quantize import with_offset_in_bias, with_positive_scale
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    CodeOf,
    Fractions,
    Later,
    Limits,
    Real,
    Step,
    fractions,
    one_fraction,
)
from bittrue.golden.graph import Encoding
from bittrue.golden.graph.add import Addend, summed
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.requantize import Requantize


def leaky(site: Site, arithmetic: OnnxArithmetic, value: Accumulated, slopes: Fractions) -> Later:
    """Return ``max(x, 0) + slope * min(x, 0)``, of which one is the code of 0 for every x.

    So the codes of both are exact, and their sum is the code of the whole: no code of a sum that is
    rounded is added to another.

    Parameters
    ----------
    site : Site
    arithmetic : OnnxArithmetic
    value : Accumulated
    slopes : ndarray of Fraction
        Positive; one, or one for each channel.
    """
    if arithmetic.name != "onnx":
        refuse("it computes a leaky rectifier behind a layer in float32")
    if value.limits != Limits() or any(slope <= 0 for slope in slopes):
        raise UserError("its slope is not positive, or its input is limited; allowed: neither")
    value = with_offset_in_bias(with_positive_scale(value))
    if any(scale < 0 for scale in value.scale):
        raise UserError("a negative scale comes before it; put QuantizeLinear or Quant between")
    builder = site.builder
    sums = builder.add(
        replace(value.node, output=builder.unused_name(f"{site.output}/sums")), value.layout
    )
    node = Requantize(inputs=(sums.name,), output="codes", encoding=Encoding())
    above = replace(value, node=node, kernel=None, limits=Limits(Fraction(0), None))
    below = replace(
        above,
        scale=value.scale * slopes,
        offset=value.offset * slopes,
        limits=Limits(None, Fraction(0)),
    )

    return _either(site, above, below)


def leaky_codes(site: Site, value: Real, slopes: Fractions) -> Later:
    """Return the same of dequantized codes, for slopes of any sign; see `leaky`.

    Codes are limited before they are multiplied, so that no slope changes which side is limited.
    """
    if value.functions or value.encoding.bipolar:
        raise UserError(
            "its slopes differ, and its input has passed an activation function since it was "
            "quantized, or has one bit; put QuantizeLinear or Quant between"
        )
    builder, source, zero = site.builder, value.activation, value.encoding.zero_point
    kind = source.type
    sides = []
    for side, minimum, maximum in (("above", zero, kind.maximum), ("below", kind.minimum, zero)):
        name = builder.unused_name(f"{site.output}/{side}")
        clamp = Clamp(inputs=(source.name,), output=name, minimum=minimum, maximum=maximum)
        sides.append(replace(value, activation=builder.add(clamp, source.layout)))
    above, below = sides
    return _either(
        site, stepped(site, above), stepped(site, below, Step("Mul", slopes.astype(np.float32)))
    )


def _either(site: Site, above: Accumulated, below: Accumulated) -> Later:
    """Return the sum of two numbers of which one is always zero."""
    builder = site.builder

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        kind, zero_point = parts[0].type, code(Fraction(0))
        if kind.width == 1:
            raise UserError("a leaky rectifier is quantized to one bit; leave it out")
        addend = Addend(Encoding(zero_point), 1)
        total = summed(tuple(part.name for part in parts), name, (addend, addend))
        whole = Quantizer.of_type(kind, Fraction(1), zero_point)
        same = exact_requantization(
            builder.bounds(total), one_fraction(Fraction(1)), fractions([0.0]), Limits(), whole
        )
        return builder.add(replace(total, requantization=same), above.layout)

    return Later((above, below), arrange)
