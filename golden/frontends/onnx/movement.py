"""Values under other shapes and orders of dimensions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.layout import Layout, Shape
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.values import (
    NUMBERS,
    Accumulated,
    Activation,
    CodeOf,
    Codes,
    FloatInput,
    Later,
    QuantizedConstant,
    Real,
    Sum,
    Value,
)
from bittrue.golden.lowering.movements import rearranged

_MOVABLE = (*NUMBERS, Codes, Constant, QuantizedConstant)


def movable(site: Site) -> Value:
    """Return the first input; what is moved or compared already as dequantized codes."""
    site.take(0, *_MOVABLE)
    value = site.builder.settled(site.node.inputs[0])
    return site.inserted(value) if isinstance(value, Later) else value


def layout_of(value: Value) -> Layout:
    """Return how a value lies in the graph."""
    match value:
        case Codes() | Real():
            return value.activation.layout
        case Accumulated() | Sum() | FloatInput():
            return value.layout
    raise UserError("its input is a concatenation or pooling that is not quantized yet")


def with_layout(value: Value, layout: Layout) -> Value:
    """Return a value that lies otherwise."""
    match value:
        case Codes() | Real():
            return replace(value, activation=replace(value.activation, layout=layout))
        case Accumulated() | Sum() | FloatInput():
            return replace(value, layout=layout)
    raise UserError("its input is a concatenation or pooling that is not quantized yet")


def shape_of(value: Value) -> Shape:
    """Return the shape with the batch, or all of a constant's."""
    if isinstance(value, Constant):
        return value.values.shape
    if isinstance(value, QuantizedConstant):
        return value.codes.shape
    return (1, *layout_of(value).shape)


def reshaped(value: Value, shape: Shape) -> Value:
    """Return a value in another shape, the batch included."""
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
    return with_layout(value, layout_of(value).reshaped(shape[1:]))


def moved(value: Value, output: str, move: Callable[[Activation, str], Activation]) -> Value:
    """Return codes that are moved, or real numbers that are once they are quantized.

    Parameters
    ----------
    value : Value
        Codes or numbers.
    output : str
        What codes are called.
    move : callable
        Takes a tensor of the graph and the name of what it makes.
    """
    if isinstance(value, Codes):
        return Codes(move(value.activation, output))

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return move(parts[0], name)

    return Later((value,), arrange)


def chosen(
    source: Activation, indices: Mapping[int, Sequence[int]], name: str, builder: GraphBuilder
) -> Activation:
    """Append the nodes that take elements by number.

    Parameters
    ----------
    source : Activation
    indices : mapping of int to sequence of int
        By dimension of the ONNX tensor, the batch counted; all elements along the others.
    name : str
        Of the result.
    builder : GraphBuilder

    Raises
    ------
    UserError
        If no elements are taken, or other batches.
    """
    if [*indices.get(0, (0,))] != [0]:
        raise UserError("it takes parts of the batch, or repeats it; allowed: other dimensions")
    if not all(map(len, indices.values())):
        raise UserError(f"it takes no elements of {source.layout.shape}; allowed: at least one")
    order = source.layout.held_order()
    arranged = builder.arranged(source, order)
    places = {order.index(axis - 1): numbers for axis, numbers in indices.items() if axis}
    shape = builder.made(arranged.name).shape
    for node in rearranged(arranged.name, shape, places, name):
        sizes = node.infer(builder.made(node.inputs[0])).tensor.shape
        arranged = builder.add(node, Layout.ordered(sizes, order))
    return arranged


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Return values with a size of 1 along every dimension that does not change them."""
    for axis in range(values.ndim):
        first = values.take([0], axis) if values.shape[axis] else values
        values = first if (values == first).all() else values
    return values


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
