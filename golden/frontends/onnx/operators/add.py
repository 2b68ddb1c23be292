"""Add, Sub and QLinearAdd."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import set_affine
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
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
from bittrue.golden.frontends.onnx.values import Codes, Sum
from bittrue.golden.graph.add import Add
from bittrue.golden.lowering.pair_addition import ScaledSum


@converts("Add")
def _add(site: Site, arithmetic: OnnxArithmetic) -> None:
    _addition(site, arithmetic, subtract=False)


@converts("Sub")
def _subtract(site: Site, arithmetic: OnnxArithmetic) -> None:
    _addition(site, arithmetic, subtract=True)


def _addition(site: Site, arithmetic: OnnxArithmetic, subtract: bool) -> None:
    constant = constant_operand(site)
    if constant is not None:
        position, numbers = constant
        if subtract and position == 0:
            raise UserError("it subtracts from a constant; allowed: subtracting a constant")
        set_affine(
            site, arithmetic, site.input(1 - position), None, -numbers if subtract else numbers
        )
        return
    function = composed(site, np.subtract if subtract else np.add)
    if function is not None:
        site.set(function)
        return
    pair = aligned_operands(site)
    site.set(_sum(pair, subtract))


@converts("QLinearAdd", domains=(MICROSOFT,), inputs=8)
def _qlinear_add(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point."""
    pair = align(coded_operand(site, 0), coded_operand(site, 3), site.builder, site.output)
    value = _sum(pair, subtract=False)
    made = quantize(value, quantizer_of(site, 6, 7, UINT8), site.output, site.builder, arithmetic)
    site.set(Codes(made))


def _sum(pair: Pair, subtract: bool) -> Sum:
    inputs = tuple(operand.name for operand in pair.operands)

    def node(output: str, scaled: ScaledSum) -> Add:
        return Add(
            inputs=inputs,
            output=output,
            addends=scaled.addends,
            requantization=scaled.requantization,
        )

    return Sum(pair.operands, pair.layout, subtract, node)
