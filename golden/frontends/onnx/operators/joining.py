"""Concatenation, padding, and ArgMax."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic
from golden.frontends.onnx.builder import GraphBuilder, Site
from golden.frontends.onnx.layout import Layout, usual_order
from golden.frontends.onnx.model import Constant
from golden.frontends.onnx.operators.elementwise import coded_operand
from golden.frontends.onnx.operators.quantization import NUMBERS, UINT8, quantizer_of
from golden.frontends.onnx.operators.registry import MICROSOFT, converts
from golden.frontends.onnx.quantize import quantize
from golden.frontends.onnx.quantizer import finite_fraction
from golden.frontends.onnx.values import (
    Activation,
    Codes,
    Later,
    Real,
    Value,
)
from golden.graph import ArgMax, Concat, Pad

CodeOf = Callable[[Fraction], int]


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
    for order in (usual_order(rank), tuple(range(rank))):
        if all(part.layout.lies_as(order) for part in parts):
            arranged = [builder.arranged(part, order) for part in parts]
            node = Concat(
                inputs=tuple(part.name for part in arranged),
                output=name,
                axis=order.index(joined),
            )
            sizes = node.infer(*(builder.made(part.name) for part in arranged)).tensor.shape
            return builder.add(node, Layout.ordered(sizes, order))
    raise UserError("its inputs lie in memory in different orders; quantize before they are moved")


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


@converts("Pad", attributes=("mode", "pads", "value"))
def _pad(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    mode = site.text("mode", "constant")
    if mode != "constant" or site.has(3):
        raise UserError(f"its mode is {mode!r}, or it names axes; allowed: constant, all axes")
    pads = site.integers(1) if site.has(1) else site.sizes("pads")
    filling = finite_fraction(_filling(site))

    def pad(source: Activation, name: str, code: int) -> Activation:
        rank = len(source.layout.shape) + 1
        if len(pads) != 2 * rank or pads[0] or pads[rank] or min(pads) < 0:
            raise UserError(
                f"its pads are {pads}; allowed: two sizes a dimension, none of the batch"
            )
        order = source.layout.held_order()
        arranged = site.builder.arranged(source, order)
        padding = tuple((pads[axis + 1], pads[rank + axis + 1]) for axis in order)
        node = Pad(inputs=(arranged.name,), output=name, padding=padding, code=code)
        sizes = node.infer(site.builder.made(arranged.name)).tensor.shape
        return site.builder.add(node, Layout.ordered(sizes, order))

    if isinstance(value, Codes):
        site.set(Codes(pad(value.activation, site.output, int(filling))))
        return

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return pad(parts[0], name, code(filling))

    site.set(Later((value,), arrange, adds=True))


def _filling(site: Site) -> float:
    """Return the number or code that fills the border."""
    if not site.has(2):
        return site.number("value", 0.0)
    constant = site.take(2, Constant)
    if constant.values.size != 1:
        raise UserError(f"it fills with {constant.values.size} numbers; allowed: 1")
    return float(constant.values.reshape(()))


@converts("ArgMax", attributes=("axis", "keepdims", "select_last_index"))
def _arg_max(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, Real, Codes)
    if isinstance(value, Real) and value.functions:
        raise UserError("its input has passed an activation function; quantize before it")
    shape = value.activation.layout.shape
    axis = site.integer("axis", 0)
    if site.integer("select_last_index", 0) or not shape or axis % (len(shape) + 1) == 0:
        raise UserError(
            f"its axis is {axis}; allowed: a dimension but the batch; the first of equals"
        )
    last = axis % (len(shape) + 1) - 1
    others = [dimension for dimension in range(len(shape)) if dimension != last]
    source = site.builder.arranged(value.activation, (*others, last))
    node = ArgMax(inputs=(source.name,), output=site.output)
    sizes = tuple(shape[dimension] for dimension in others)
    layout = Layout.same(sizes)
    made = site.builder.add(node, layout)
    if site.integer("keepdims", 1):
        made = replace(made, layout=layout.reshaped((*shape[:last], 1, *shape[last + 1 :])))
    site.set(Codes(made))
