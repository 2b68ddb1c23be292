"""Sums and products."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic, scale_of
from golden.frontends.onnx.builder import Site
from golden.frontends.onnx.model import Constant
from golden.frontends.onnx.operands import Pair, align
from golden.frontends.onnx.operators.affine import finite, set_affine
from golden.frontends.onnx.operators.quantization import (
    UINT8,
    dequantized,
    one_scale,
    one_zero_point,
    quantizer_of,
)
from golden.frontends.onnx.operators.registry import MICROSOFT, converts
from golden.frontends.onnx.quantize import quantize
from golden.frontends.onnx.values import (
    Accumulated,
    Codes,
    Kernel,
    QuantizedConstant,
    Real,
    Sum,
    Value,
    fractions,
    one_fraction,
)
from golden.graph import Multiply

Numbers = NDArray[Any]

_OPERANDS = (Real, QuantizedConstant)

# Sums and products


@converts("Add", "Sub")
def _addition(site: Site, arithmetic: OnnxArithmetic) -> None:
    subtract = site.node.operator == "Sub"
    constant = _constant_operand(site)
    if constant is not None:
        position, numbers = constant
        if subtract and position == 0:
            raise UserError("it subtracts from a constant; allowed: subtracting a constant")
        set_affine(
            site, arithmetic, site.input(1 - position), None, -numbers if subtract else numbers
        )
        return
    pair = _aligned(site)
    site.set(Sum(pair.operands, pair.layout, subtract))


@converts("Mul", "Div")
def _multiplication(site: Site, arithmetic: OnnxArithmetic) -> None:
    divide = site.node.operator == "Div"
    constant = _constant_operand(site)
    if constant is not None:
        position, numbers = constant
        if divide and (position == 0 or not numbers.all()):
            raise UserError("it divides by what is no constant, or by 0; allowed: constants")
        set_affine(site, arithmetic, site.input(1 - position), numbers, None, divide)
        return
    if divide:
        raise UserError("it divides by what is no constant; allowed: constants")
    _set_product(site, _aligned(site), explicit=False)


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


def _aligned(site: Site) -> Pair:
    first, second = site.take(0, *_OPERANDS), site.take(1, *_OPERANDS)
    return align(first, second, site.builder, site.output)


def _constant_operand(site: Site) -> tuple[int, Numbers] | None:
    """Return the place and the numbers of an operand that is a constant of real numbers."""
    for position in (0, 1):
        value, other = site.input(position), site.input(1 - position)
        if isinstance(value, Constant) and value.type is None:
            return position, finite(site, position, value.values)
        if isinstance(value, QuantizedConstant) and isinstance(
            other, Accumulated | QuantizedConstant
        ):
            return position, finite(site, position, value.real)
    return None


@converts("QLinearAdd", "QLinearMul", domains=(MICROSOFT,), inputs=8)
def _qlinear_binary(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point."""
    pair = align(coded_operand(site, 0), coded_operand(site, 3), site.builder, site.output)
    value: Value
    if site.node.operator == "QLinearAdd":
        value = Sum(pair.operands, pair.layout, subtract=False)
    else:
        value = _set_product(site, pair, explicit=True)
    made = quantize(value, quantizer_of(site, 6, 7, UINT8), site.output, site.builder, arithmetic)
    site.set(Codes(made))


def coded_operand(site: Site, position: int) -> Real | QuantizedConstant:
    """Return an input of codes that is followed by its scale and zero point."""
    value = site.take(position, Codes, Constant)
    scale = one_scale(site, position + 1)
    if isinstance(value, Codes):
        zero_point, _ = one_zero_point(site, position + 2, value.activation.type)
        return dequantized(value.activation, scale, zero_point, site)
    if value.type is None:
        raise UserError(f"its input {site.node.inputs[position]!r} holds real numbers")
    zero_point, _ = one_zero_point(site, position + 2, value.type)
    ones = (1,) * value.values.ndim
    return QuantizedConstant(
        value.values,
        value.type,
        np.full(ones, scale, dtype=np.float32),
        np.full(ones, zero_point, dtype=np.int64),
    )
