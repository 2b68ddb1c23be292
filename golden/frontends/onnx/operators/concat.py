"""Concat and QLinearConcat."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.coded import UINT8, coded_operand, quantizer_of
from bittrue.golden.frontends.onnx.layout import Layout, usual_orders
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import (
    NUMBERS,
    Activation,
    CodeOf,
    Codes,
    Later,
    Real,
    Value,
)
from bittrue.golden.graph.concat import Concat


@converts("Concat", attributes=("axis",))
def _concatenation(site: Site, arithmetic: OnnxArithmetic) -> None:
    values = [site.take(i, *NUMBERS, Codes, Constant) for i in range(len(site.node.inputs))]
    if all(isinstance(value, Codes) for value in values):
        parts = [value.activation for value in values if isinstance(value, Codes)]
        site.set(Codes(_join(parts, site.output, site.integer("axis", 0), site.builder)))
        return
    _joined(site, [value for value in values if isinstance(value, NUMBERS)], len(values))


def _joined(site: Site, values: list[Value], count: int) -> None:
    if len(values) != count or not values:
        raise UserError("it joins quantized tensors with others; quantize all or none")
    axis, builder = site.integer("axis", 0), site.builder

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return _join(parts, name, axis, builder)

    site.set(Later(tuple(values), arrange))


def _join(parts: list[Activation], name: str, axis: int, builder: GraphBuilder) -> Activation:
    rank = len(parts[0].layout.shape)
    if any(len(part.layout.shape) != rank for part in parts):
        raise UserError("it joins tensors of several numbers of dimensions")
    if not -rank - 1 <= axis <= rank or axis % (rank + 1) == 0:
        raise UserError(f"its axis is {axis}; allowed: a dimension but the batch")
    joined = axis % (rank + 1) - 1
    # The order that most of them have: the others are moved.
    order = max(usual_orders(rank), key=lambda o: sum(part.layout.lies_as(o) for part in parts))
    arranged = [builder.arranged(part, order) for part in parts]
    node = Concat(
        inputs=tuple(part.name for part in arranged), output=name, axis=order.index(joined)
    )
    sizes = node.infer(*(builder.made(part.name) for part in arranged)).tensor.shape
    return builder.add(node, Layout.ordered(sizes, order))


@converts("QLinearConcat", domains=(MICROSOFT,), attributes=("axis",), inputs=1 << 16)
def _qlinear_concat(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs y_scale, y_zero_point, then x, x_scale, x_zero_point of each."""
    operands = [coded_operand(site, position) for position in range(2, len(site.node.inputs), 3)]
    reals = [operand for operand in operands if isinstance(operand, Real)]
    _joined(site, list(reals), len(operands))
    made = quantize(
        site.builder.values[site.output],
        quantizer_of(site, 0, 1, UINT8),
        site.output,
        site.builder,
        arithmetic,
    )
    site.set(Codes(made))
