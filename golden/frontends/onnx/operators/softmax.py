"""Softmax and LogSoftmax: under profile onnx, in integers that are as near as 16 bits."""

import math
import shlex
from dataclasses import replace
from fractions import Fraction

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, coded_operand, quantizer_of
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.no_integer_kernel import NoExactKernelError
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    Real,
    fractions,
    one_fraction,
)
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.lowering.log_softmax import log_softmax
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import Quantization
from bittrue.golden.numbers.softmax import softmax_exponential

_UINT16 = IntegerType(16, False)
_DEFAULT_AXIS_IS_LAST = 13
"""The operator set from which on one dimension is meant, by default the last."""


@converts("Softmax", "LogSoftmax", attributes=("axis",))
def _softmax(site: Site, arithmetic: OnnxArithmetic) -> None:
    _require_real_numbers(site, arithmetic)
    value, layout = _last(site, site.take(0, Real), site.builder.opset)
    made = _logarithm if site.node.operator == "LogSoftmax" else _probabilities
    site.set(made(site, value, layout))


@converts("QLinearSoftmax", domains=(MICROSOFT,), attributes=("axis", "opset"), inputs=5)
def _qlinear_softmax(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs x, x_scale, x_zero_point, y_scale, y_zero_point."""
    _require_real_numbers(site, arithmetic)
    operand = coded_operand(site, 0)
    if not isinstance(operand, Real):
        raise UserError("its input is a constant; allowed: a tensor that the model computes")
    value, layout = _last(site, operand, site.integer("opset", 0))
    probabilities, quantizer = _probabilities(site, value, layout), quantizer_of(site, 3, 4, UINT8)
    site.set(Codes(quantize(probabilities, quantizer, site.output, site.builder, arithmetic)))


def _require_real_numbers(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Refuse the runtime's own arithmetic: even its integer operator divides float32."""
    if arithmetic.name != "onnx":
        name = shlex.quote(site.node.inputs[0]) if site.node.inputs else "TENSOR"
        raise NoExactKernelError(
            "it divides real numbers, which no integers reproduce; import with profile onnx, which "
            "is at most a code beside, or end the model before it, the order of the classes stays "
            f"the same: --outputs {name}"
        )


def _last(site: Site, value: Real, opset: int) -> tuple[Real, Layout]:
    """Return codes whose last dimension in the graph is the operator's, and their layout."""
    if value.functions or value.encoding.bipolar or value.activation.type.width > 8:
        raise UserError("its input is no tensor of up to 8 bits; put QuantizeLinear before it")
    shape = value.activation.layout.shape
    rank, whole = len(shape), opset < _DEFAULT_AXIS_IS_LAST
    axis = site.integer("axis", 1 if whole else -1)
    if not -rank - 1 <= axis <= rank or axis % (rank + 1) == 0:
        raise UserError(
            f"its axis is {axis}; allowed: a dimension of {('N', *shape)} but the batch"
        )
    axis = axis % (rank + 1) - 1
    if whole and math.prod(shape[axis + 1 :]) != 1:
        raise UserError(
            f"it is over all dimensions from {axis + 1} on, as before operator set 13; allowed: "
            "over one"
        )
    order = (*(each for each in range(rank) if each != axis), axis)
    activation = site.builder.arranged(value.activation, order)
    sizes = tuple(shape[each] for each in order)
    layout = Layout.ordered(sizes, order)
    return replace(value, activation=activation), layout


def _probabilities(site: Site, value: Real, layout: Layout) -> Real:
    """Return softmax as codes of 16 bits, which the next quantizer rounds to its own."""
    kind = value.activation.type
    node = Softmax(
        inputs=(value.activation.name,),
        output=site.builder.unused_name(f"{site.output}/softmax"),
        exponential=softmax_exponential(float(value.scale), 1.0, kind.width),
        type=_UINT16,
    )
    made: Activation = site.builder.add(node, layout)
    return Real(made, Quantization(Fraction(1, 1 << _UINT16.width)))


def _logarithm(site: Site, value: Real, layout: Layout) -> Accumulated:
    """Return the logarithm as sums, which the next quantizer rounds."""
    builder, source = site.builder, value.activation
    shape = builder.made(source.name).shape
    parts = log_softmax(source.name, shape, source.type, float(value.scale), site.output)
    for node in parts.nodes:
        builder.add(node, Layout.same(node.infer(*map(builder.made, node.inputs)).tensor.shape))
    unit = value.scale * Fraction(2) ** parts.exponent
    return Accumulated(parts.total, layout, one_fraction(unit), fractions([0.0]), None)
