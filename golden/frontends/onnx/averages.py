"""Averages as sums whose division is part of the scale."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic, scale_of
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, coded_operand, quantizer_of
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Codes,
    Kernel,
    Real,
    fractions,
    one_fraction,
)
from bittrue.golden.graph import AccumulatingNode, Tensor


def averaged(
    source: Real,
    node: AccumulatingNode,
    layout: Layout,
    name: str,
    count: int,
    explicit: bool,
    codes: Tensor,
    windows: tuple[tuple[int, int], ...] = (),
    whole: bool = False,
) -> Accumulated:
    """Return sums of a node as averages over a count, as a kernel of a name computes them.

    Parameters
    ----------
    source : Real
    node : AccumulatingNode
    layout : Layout
        Of what it makes.
    name, count, explicit, whole
        As in `Kernel`.
    codes : Tensor
        Those that are added.
    windows : tuple of (int, int)
        As in `Kernel`; by default, as many numbers are added as are counted.
    """
    reached = source.encoding.decode(np.array([codes.minimum, codes.maximum]))
    kernel = Kernel(
        name,
        (scale_of(source).reshape(1),),
        (source.activation.type,),
        count,
        windows or ((count, count),),
        reach=(int(reached[0]), int(reached[1])),
        whole=whole,
        explicit=explicit,
    )
    return Accumulated(node, layout, one_fraction(source.scale / count), fractions([0.0]), kernel)


def coded_image(site: Site) -> Real:
    """Return the codes of a QLinear pooling: inputs x, x_scale, x_zero_point."""
    if site.integer("channels_last", 0):
        raise UserError("its channels_last is 1; allowed: 0")
    source = coded_operand(site, 0)
    if not isinstance(source, Real):
        raise UserError("its input is a constant")
    return source


def quantized_average(site: Site, value: Accumulated, arithmetic: OnnxArithmetic) -> Codes:
    """Return what a QLinear pooling makes: its last inputs are y_scale, y_zero_point."""
    quantizer = quantizer_of(site, 3, 4, UINT8)
    return Codes(quantize(value, quantizer, site.output, site.builder, arithmetic))
