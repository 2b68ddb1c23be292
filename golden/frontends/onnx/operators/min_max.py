"""Max and Min of tensors and numbers, and ReduceMax."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.functions import applied
from bittrue.golden.frontends.onnx.layout import Layout, usual_orders
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.movement import moved, normalized
from bittrue.golden.frontends.onnx.quantizer import finite_fraction
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import (
    NUMBERS,
    Activation,
    CodeOf,
    Codes,
    Later,
    Limits,
    QuantizedConstant,
    Value,
)
from bittrue.golden.graph.min_max import MinMax
from bittrue.golden.lowering.maxima import maxima

Numbers = NDArray[Any]

_CONSTANTS = (Constant, QuantizedConstant)


@converts("Max", "Min")
def _extreme(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take the greater or the less of tensors, or of one and numbers."""
    values = [site.input(position) for position in range(len(site.node.inputs))]
    places = [n for n, value in enumerate(values) if not isinstance(value, _CONSTANTS)]
    greatest = site.node.operator == "Max"
    if len(places) == len(values) > 1:
        site.set(_compared(site, [site.take(n, *NUMBERS, Codes) for n in places], greatest))
        return
    bounds = [site.numbers(n) for n in range(len(values)) if n not in places]
    if len(places) != 1 or any(np.unique(bound).size != 1 for bound in bounds):
        raise UserError("it compares tensors and constants; allowed: tensors, or one and numbers")
    if not bounds:
        site.set(site.take(places[0], *NUMBERS))
        return
    extreme = np.maximum if greatest else np.minimum
    bound = np.float32(extreme.reduce([np.unique(each)[0] for each in bounds]))

    def limited(real: Numbers) -> Numbers:
        return extreme(real, bound.astype(real.dtype))

    exact = finite_fraction(float(bound))
    limits = Limits(exact, None) if greatest else Limits(None, exact)
    site.set(applied(site.take(places[0], *NUMBERS), limited, limits))


def _compared(site: Site, values: list[Value], greatest: bool) -> Value:
    """Return the greatest or the least of codes, or of numbers once they are quantized.

    Quantizing does not descend, so the code of the greater number is the greater code.
    """
    builder = site.builder

    def compare(parts: list[Activation], name: str) -> Activation:
        result = parts[0]
        for number, part in enumerate(parts[1:], 2):
            last = number == len(parts)
            output = name if last else builder.unused_name(f"{name}/{number} of {len(parts)}")
            result = _pair(result, part, output, greatest, builder)
        return result

    codes = [value.activation for value in values if isinstance(value, Codes)]
    if len(codes) == len(values):
        return Codes(compare(codes, site.output))
    if codes:
        raise UserError("it compares codes with real numbers; allowed: either")

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return compare(parts, name)

    return Later(tuple(values), arrange)


def _pair(
    first: Activation, second: Activation, name: str, greatest: bool, builder: GraphBuilder
) -> Activation:
    shapes = first.layout.shape, second.layout.shape
    rank = len(shapes[0])
    if len(shapes[1]) != rank:
        raise UserError(f"it compares shapes {shapes}; allowed: as many dimensions in both")
    order = next((o for o in usual_orders(rank) if first.layout.lies_as(o)), usual_orders(rank)[0])
    inputs = tuple(builder.arranged(each, order).name for each in (first, second))
    node = MinMax(inputs=inputs, output=name, greatest=greatest)
    sizes = node.infer(*(builder.made(each) for each in inputs)).tensor.shape
    return builder.add(node, Layout.ordered(sizes, order))


@converts("ReduceMax", attributes=("axes", "keepdims", "noop_with_empty_axes"))
def _reduce_max(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    keep = bool(site.integer("keepdims", 1))

    def largest(source: Activation, name: str) -> Activation:
        shape, builder = source.layout.shape, site.builder
        rank = len(shape)
        listed = site.integers(1) if site.has(1) else site.sizes("axes", tuple(range(rank + 1)))
        axes = normalized(listed, rank + 1)
        if 0 in axes or not axes:
            raise UserError(f"its axes are {listed}; allowed: dimensions but the batch")
        order = source.layout.held_order()
        result = builder.arranged(source, order)
        places = tuple(sorted(order.index(axis - 1) for axis in axes))
        given = builder.made(result.name)
        for node in maxima(result.name, given.shape, places, given.type, name):
            sizes = node.infer(builder.made(node.inputs[0])).tensor.shape
            layout = Layout.ordered(sizes, order) if node.output == name else Layout.same(sizes)
            result = builder.add(node, layout)
        if keep:
            return result
        left = tuple(size for axis, size in enumerate(shape, 1) if axis not in axes)
        return Activation(result.name, result.type, result.layout.reshaped(left))

    site.set(moved(value, site.output, largest))
