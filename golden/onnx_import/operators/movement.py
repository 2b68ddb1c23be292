"""Operators that move numbers and change none, and ArgMax."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from onnx import TensorProto

from golden.errors import UserError
from golden.graph import ArgMax, Concat, Encoding, Pad
from golden.integer_type import IntegerType
from golden.onnx_import.arithmetic import OnnxArithmetic
from golden.onnx_import.builder import GraphBuilder, Site
from golden.onnx_import.layout import Layout, Shape, usual_order
from golden.onnx_import.model import Constant
from golden.onnx_import.operators.elementwise import coded_operand
from golden.onnx_import.operators.quantization import NUMBERS, UINT8, quantizer_of
from golden.onnx_import.operators.registry import converts
from golden.onnx_import.quantize import quantize
from golden.onnx_import.quantizer import finite_fraction
from golden.onnx_import.values import (
    Accumulated,
    Activation,
    Codes,
    FloatInput,
    Later,
    QuantizedConstant,
    Real,
    Sum,
    Value,
)

_INT64 = IntegerType(64, True)

CodeOf = Callable[[Fraction], int]

_MOVABLE = (*NUMBERS, Codes, Constant, QuantizedConstant)


@converts("Identity", "Dropout")
def _identity(site: Site, arithmetic: OnnxArithmetic) -> None:
    site.builder.values[site.node.outputs[0]] = site.input(0)


@converts("Cast")
def _cast(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Casts from integers to real numbers, and none between real ones, change no number."""
    value, real = site.input(0), site.integer("to", 0) in (TensorProto.FLOAT, TensorProto.DOUBLE)
    if isinstance(value, Constant):
        if value.type is None and not real:
            raise UserError("it casts real numbers to another type; allowed: FLOAT")
        values = value.values.astype(np.float32 if real else np.int64)
        value = Constant(values, None if real else value.type)
    elif not real:
        raise UserError("it casts to another type than FLOAT; quantize instead")
    elif isinstance(value, Codes):
        value = Real(value.activation, Fraction(1), Encoding())
    site.set(value)


# Reshapes and transposes


def _movable(site: Site) -> Value:
    site.take(0, *_MOVABLE)
    return site.builder.settled(site.node.inputs[0])


def _layout(value: Value) -> Layout:
    match value:
        case Codes() | Real():
            return value.activation.layout
        case Accumulated() | Sum() | FloatInput():
            return value.layout
    raise UserError("its input is a concatenation or pooling that is not quantized yet")


def _with_layout(value: Value, layout: Layout) -> Value:
    match value:
        case Codes() | Real():
            return replace(value, activation=replace(value.activation, layout=layout))
        case Accumulated() | Sum() | FloatInput():
            return replace(value, layout=layout)
    raise UserError("its input is a concatenation or pooling that is not quantized yet")


def _shape(value: Value) -> Shape:
    """Return the shape with the batch, or all of a constant's."""
    if isinstance(value, Constant):
        return value.values.shape
    if isinstance(value, QuantizedConstant):
        return value.codes.shape
    return (1, *_layout(value).shape)


def _reshaped(value: Value, shape: Shape) -> Value:
    if isinstance(value, Constant):
        return replace(value, values=value.values.reshape(shape))
    if isinstance(value, QuantizedConstant):
        if value.scale.size > 1 or value.zero_point.size > 1:
            raise UserError("it reshapes a constant with scales per channel; allowed: one scale")
        ones = (1,) * len(shape)
        return replace(
            value,
            codes=value.codes.reshape(shape),
            scale=value.scale.reshape(ones),
            zero_point=value.zero_point.reshape(ones),
        )
    if shape[:1] != (1,):
        raise UserError(
            f"it makes shape {shape}; allowed: a batch of 1 first, untouched by reshapes"
        )
    return _with_layout(value, _layout(value).reshaped(shape[1:]))


@converts("Transpose")
def _transpose(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _movable(site)
    rank = len(_shape(value))
    permutation = site.sizes("perm", tuple(reversed(range(rank))))
    if sorted(permutation) != list(range(rank)):
        raise UserError(f"its perm is {permutation}; allowed: an order of {rank} dimensions")
    if isinstance(value, Constant):
        site.set(replace(value, values=value.values.transpose(permutation)))
    elif isinstance(value, QuantizedConstant):
        site.set(
            replace(
                value,
                codes=value.codes.transpose(permutation),
                scale=value.scale.transpose(permutation),
                zero_point=value.zero_point.transpose(permutation),
            )
        )
    else:
        if permutation[0] != 0:
            raise UserError(f"its perm is {permutation}; allowed: the batch first, where it is")
        moved = _layout(value).transposed([axis - 1 for axis in permutation[1:]])
        site.set(_with_layout(value, moved))


@converts("Reshape")
def _reshape(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _movable(site)
    source = _shape(value)
    wanted = list(site.integers(1) if site.has(1) else site.sizes("shape"))
    if not site.integer("allowzero", 0):
        wanted = [
            source[i] if size == 0 and i < len(source) else size for i, size in enumerate(wanted)
        ]
    known = math.prod(size for size in wanted if size != -1)
    total = math.prod(source)
    if min(wanted, default=1) < -1 or wanted.count(-1) > 1 or known == 0 or total % known:
        raise UserError(f"it reshapes {source} to {wanted}; the sizes do not fit")
    shape = tuple(total // known if size == -1 else size for size in wanted)
    if math.prod(shape) != total:
        raise UserError(f"it reshapes {source} to {wanted}; the sizes do not fit")
    site.set(_reshaped(value, shape))


@converts("Flatten")
def _flatten(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _movable(site)
    source = _shape(value)
    axis = site.integer("axis", 1)
    axis = axis + len(source) if axis < 0 else axis
    if not 0 <= axis <= len(source):
        raise UserError(f"its axis is {axis}; allowed: a dimension of {source}")
    site.set(_reshaped(value, (math.prod(source[:axis]), math.prod(source[axis:]))))


def _axes(site: Site) -> tuple[int, ...] | None:
    """Return axes, which are an input in newer operator sets and an attribute in older ones."""
    if site.has(1):
        return site.integers(1)
    return site.sizes("axes") if "axes" in site.node.attributes else None


@converts("Squeeze")
def _squeeze(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _movable(site)
    source = _shape(value)
    axes = _axes(site)
    if axes is None:
        axes = tuple(i for i, size in enumerate(source) if size == 1)
    dropped = normalized(axes, len(source))
    if any(source[axis] != 1 for axis in dropped):
        raise UserError(f"its axes are {axes}; allowed: dimensions of size 1 of {source}")
    site.set(_reshaped(value, tuple(s for i, s in enumerate(source) if i not in dropped)))


@converts("Unsqueeze")
def _unsqueeze(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _movable(site)
    source, axes = list(_shape(value)), _axes(site)
    if axes is None:
        raise UserError("it has no axes")
    for axis in sorted(normalized(axes, len(source) + len(axes))):
        source.insert(axis, 1)
    site.set(_reshaped(value, tuple(source)))


def normalized(axes: tuple[int, ...], rank: int) -> set[int]:
    """Return axes as counted from the front.

    Raises
    ------
    UserError
        If one is no dimension of a tensor of this rank, or there twice.
    """
    result = {axis % rank for axis in axes} if rank else set()
    if len(result) != len(axes) or any(not -rank <= axis < rank for axis in axes):
        raise UserError(f"its axes are {axes}; allowed: dimensions, each once")
    return result


# Shapes that a model computes


@converts("Shape")
def _shape_of(site: Site, arithmetic: OnnxArithmetic) -> None:
    shape = _shape(_movable(site))
    site.set(Constant(np.array(shape, dtype=np.int64), _INT64))


@converts("Gather")
def _gather(site: Site, arithmetic: OnnxArithmetic) -> None:
    constant, index = site.take(0, Constant), site.take(1, Constant)
    if constant.values.ndim != 1 or index.type is None or site.integer("axis", 0) != 0:
        raise UserError("it gathers from a tensor; allowed: from a shape")
    try:
        values = np.asarray(constant.values[index.values])
    except IndexError:
        raise UserError("its index is outside of the shape") from None
    site.set(replace(constant, values=values))


# Concatenation and padding


@converts("Concat")
def _concatenation(site: Site, arithmetic: OnnxArithmetic) -> None:
    values = [site.take(i, *NUMBERS, Codes, Constant) for i in range(len(site.node.inputs))]
    if all(isinstance(value, Constant) for value in values):
        arrays = [value.values for value in values if isinstance(value, Constant)]
        if any(array.ndim != 1 for array in arrays):
            raise UserError("it joins constants; allowed: shapes")
        site.set(Constant(np.concatenate(arrays), _INT64))
        return
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


@converts("QLinearConcat")
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


@converts("Pad")
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
        order = usual_order(rank - 1)
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


@converts("ArgMax")
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
