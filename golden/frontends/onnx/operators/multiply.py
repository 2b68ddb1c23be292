"""Mul, Div and QLinearMul."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import set_affine
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic, scale_of
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, coded_operand, quantizer_of
from bittrue.golden.frontends.onnx.operands import (
    Pair,
    align,
    aligned_operands,
    composed,
    constant_operand,
)
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import Accumulated, Codes, Kernel, fractions, one_fraction
from bittrue.golden.graph.multiply import Multiply


@converts("Mul")
def _multiply(site: Site, arithmetic: OnnxArithmetic) -> None:
    _multiplication(site, arithmetic, divide=False)


@converts("Div")
def _divide(site: Site, arithmetic: OnnxArithmetic) -> None:
    _multiplication(site, arithmetic, divide=True)


def _multiplication(site: Site, arithmetic: OnnxArithmetic, divide: bool) -> None:
    constant = constant_operand(site)
    if constant is not None:
        position, numbers = constant
        if divide and (position == 0 or not numbers.all()):
            raise UserError("it divides by what is no constant, or by 0; allowed: constants")
        set_affine(site, arithmetic, site.input(1 - position), numbers, None, divide)
        return
    function = composed(site, np.divide if divide else np.multiply)
    if function is not None:
        site.set(function)
        return
    if divide:
        raise UserError("it divides by what is no constant; allowed: constants")
    _set_product(site, aligned_operands(site), explicit=False)


def _set_product(site: Site, pair: Pair, explicit: bool) -> Accumulated:
    first, second = pair.operands
    node = Multiply(
        inputs=(first.name, second.name),
        output="product",
        encodings=(first.encoding, second.encoding),
    )
    kernel = Kernel(
        "multiplication",
        (scale_of(first).reshape(1), scale_of(second).reshape(1)),
        (first.type, second.type),
        explicit=explicit,
    )
    scale = one_fraction(first.scale * second.scale)
    value = Accumulated(node, pair.layout, scale, fractions([0.0]), kernel)
    site.set(value)
    return value


@converts("QLinearMul", domains=(MICROSOFT,), inputs=8)
def _qlinear_mul(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point."""
    pair = align(coded_operand(site, 0), coded_operand(site, 3), site.builder, site.output)
    value = _set_product(site, pair, explicit=True)
    made = quantize(value, quantizer_of(site, 6, 7, UINT8), site.output, site.builder, arithmetic)
    site.set(Codes(made))
