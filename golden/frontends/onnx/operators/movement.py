"""Reshapes and transposes, and the shapes that a model computes."""

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic
from golden.frontends.onnx.builder import Site
from golden.frontends.onnx.layout import Layout, Shape
from golden.frontends.onnx.model import Constant
from golden.frontends.onnx.operators.quantization import NUMBERS
from golden.frontends.onnx.operators.registry import converts
from golden.frontends.onnx.values import (
    Accumulated,
    Codes,
    FloatInput,
    QuantizedConstant,
    Real,
    Sum,
    Value,
)
from golden.graph import Encoding
from golden.numbers.integer_type import IntegerType

_INT64 = IntegerType(64, True)

_MOVABLE = (*NUMBERS, Codes, Constant, QuantizedConstant)


@converts("Identity")
@converts("Dropout", without_effect=("is_test", "ratio", "seed"))
def _identity(site: Site, arithmetic: OnnxArithmetic) -> None:
    if site.node.operator == "Dropout" and site.has(2) and site.take(2, Constant).values.any():
        raise UserError("its training_mode is true; export the model for inference")
    site.builder.values[site.node.outputs[0]] = site.input(0)


@converts("Cast", attributes=("to",), without_effect=("round_mode", "saturate"))
def _cast(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Casts from integers to real numbers, and none between real ones, change no number."""
    value, real = site.input(0), site.integer("to", 0) in (TensorProto.FLOAT, TensorProto.DOUBLE)
    if not real:
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
        scale, zero_point = (
            _narrowed(np.broadcast_to(values, value.codes.shape).reshape(shape))
            for values in (value.scale, value.zero_point)
        )
        return replace(value, codes=value.codes.reshape(shape), scale=scale, zero_point=zero_point)
    if shape[:1] != (1,):
        raise UserError(
            f"it makes shape {shape}; allowed: a batch of 1 first, untouched by reshapes"
        )
    return _with_layout(value, _layout(value).reshaped(shape[1:]))


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Return values with a size of 1 along every dimension that does not change them."""
    for axis in range(values.ndim):
        first = values.take([0], axis) if values.shape[axis] else values
        values = first if (values == first).all() else values
    return values


@converts("Transpose", attributes=("perm",))
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


@converts("Reshape", attributes=("allowzero", "shape"))
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


@converts("Flatten", attributes=("axis",))
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


@converts("Squeeze", attributes=("axes",))
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


@converts("Unsqueeze", attributes=("axes",))
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


@converts("Shape", attributes=("end", "start"))
def _shape_of(site: Site, arithmetic: OnnxArithmetic) -> None:
    whole = _shape(_movable(site))
    shape = whole[site.integer("start", 0) : site.integer("end", len(whole))]
    site.set(Constant(np.array(shape, dtype=np.int64), _INT64))
