"""Every node of a graph as ONNX operators that are exact on any machine.

Sums of products are the one thing for which ONNX Runtime has no int64 kernels that are fast and
take every type. They run in floating point where no partial sum exceeds what it holds exactly;
weights that are too large for that are split into digits. The integer kernels would not do: some
saturate 16-bit partial sums on x86 without VNNI.
"""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.export.requantization import write_requantization
from golden.export.writer import Writer, code_dtype
from golden.graph import (
    Add,
    ArgMax,
    AveragePool,
    Broadcast,
    Clamp,
    Concat,
    Constant,
    Convolution,
    Encoding,
    FullyConnected,
    Graph,
    MaxPool,
    Mean,
    Multiply,
    Node,
    Pad,
    Requantize,
    Reshape,
    Softmax,
    Softmax16,
    SumPool,
    Table,
    Window,
)
from golden.numbers import gemmlowp

Int64 = NDArray[np.int64]

_EXACT_FLOAT32 = 1 << 24
_TO_FIRST = [0, 3, 1, 2]
_TO_LAST = [0, 2, 3, 1]
_POWERS = np.int64(1) << np.arange(32)


@singledispatch
def write_node(node: Node, graph: Graph, writer: Writer) -> str:
    """Write a node and return the name of its codes, of int64 or of their own type.

    Inputs have the names of the graph's tensors, their own types and the graph's dimensions.
    """
    raise UserError(f"{node.operator()} cannot be exported")


def write_exactly(node: Node, graph: Graph, writer: Writer) -> None:
    """Write a node whose output has its name and type.

    Raises
    ------
    UserError
        Naming the node, if it cannot be exported.
    """
    writer.begin(node.output)
    try:
        codes = write_node(node, graph, writer)
        writer.cast(codes, code_dtype(graph.tensors[node.output].type), output=node.output)
    except UserError as error:
        raise UserError(f"{node.operator()} {node.output!r}: {error}") from error


def _values(name: str, encoding: Encoding, writer: Writer, dtype: str = "int64") -> str:
    """Return the integers that codes stand for."""
    wide = writer.cast(name, dtype)
    if encoding.bipolar:
        doubled = writer.operator("Mul", wide, writer.constant(2, dtype))
        return writer.operator("Sub", doubled, writer.constant(1, dtype))
    if encoding.zero_point == 0:
        return wide
    return writer.operator("Sub", wide, writer.constant(encoding.zero_point, dtype))


def _largest_value(graph: Graph, name: str, encoding: Encoding) -> int:
    tensor = graph.tensors[name]
    return int(np.abs(encoding.decode([tensor.minimum, tensor.maximum])).max())


# Sums of products


def exact_parts(weight: Int64, largest: int, limit: int) -> Iterator[tuple[int, Int64]]:
    """Split weights into digits of few enough bits for exact sums.

    Parameters
    ----------
    weight : ndarray of int64, shape (outputs, ...)
    largest : int
        Largest magnitude that multiplies.
    limit : int
        Which no sum of magnitudes may exceed.

    Yields
    ------
    factor, ndarray
        The weight is the sum of all factors times their arrays.

    Raises
    ------
    UserError
        If even single bits are too many.
    """
    sums = np.abs(weight).reshape(len(weight), -1).sum(axis=1).max(initial=0)
    if int(sums) * largest <= limit:
        yield 1, weight
        return
    # Digits of `bits` bits are at most 2**bits - 1.
    bits = (limit // (weight[0].size * largest) + 1).bit_length() - 1
    if bits < 1:
        raise UserError("its sums are too long for exact floating point")
    sign, rest, factor = np.sign(weight), np.abs(weight), 1
    while rest.any():
        yield factor, sign * (rest & ((1 << bits) - 1))
        rest, factor = rest >> bits, factor << bits


def _convolved(
    writer: Writer, values: str, weight: Int64, window: Window, groups: int, largest: int
) -> str:
    """Return a convolution of channels-last integers in int64, channels last.

    `weight` has shape (outputs, height, width, inputs / groups).
    """
    total = ""
    for scale, digit, size in _digits(writer, values, largest, weight[0].size):
        real = writer.cast(digit, "float32")
        image = writer.operator("Transpose", real, perm=_TO_FIRST)
        for factor, part in exact_parts(weight, size, _EXACT_FLOAT32):
            term = writer.operator(
                "Conv",
                image,
                writer.constant(part.transpose(0, 3, 1, 2), "float32"),
                group=groups,
                **_attributes(window),
            )
            term = writer.cast(term, "int64")
            if scale * factor != 1:
                term = writer.multiplied(term, scale * factor)
            total = writer.added(total, term) if total else term
    return writer.operator("Transpose", total, perm=_TO_LAST)


def _digits(
    writer: Writer, values: str, largest: int, terms: int
) -> Iterator[tuple[int, str, int]]:
    """Split values into digits of which float32 adds as many as there are terms, exactly.

    Yields
    ------
    factor, name, largest
        The values are the sum of all factors times their digits, of magnitudes up to `largest`.
    """
    if largest * terms <= _EXACT_FLOAT32:
        yield 1, values, largest
        return
    bits = (_EXACT_FLOAT32 // terms + 1).bit_length() - 1
    if bits < 1:
        raise UserError(f"it adds {terms} numbers, too many for exact floating point")
    factor = 1
    while largest * terms > _EXACT_FLOAT32:
        rest = writer.floor_divided(values, 1 << bits)
        yield factor, writer.subtracted(values, writer.multiplied(rest, 1 << bits)), (1 << bits) - 1
        values, factor, largest = rest, factor << bits, (largest >> bits) + 1
    yield factor, values, largest


def _attributes(window: Window) -> dict[str, Any]:
    (top, bottom), (left, right) = window.padding
    return {
        "kernel_shape": list(window.size),
        "strides": list(window.stride),
        "dilations": list(window.dilation),
        "pads": [top, left, bottom, right],
    }


@write_node.register
def _(node: Convolution, graph: Graph, writer: Writer) -> str:
    (name,) = node.inputs
    values = _values(name, node.input_encoding, writer)
    largest = _largest_value(graph, name, node.input_encoding)
    products = _convolved(writer, values, node.weight_values, node.window, node.groups, largest)
    accumulator = writer.added(products, node.bias)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, accumulator, bounds, node.requantization)


@write_node.register
def _(node: FullyConnected, graph: Graph, writer: Writer) -> str:
    # Float64 holds every sum of products of 16-bit codes that an accumulator of 48 bits holds.
    values = _values(node.inputs[0], node.input_encoding, writer, "float64")
    weight = writer.constant(node.weight_values.T, "float64")
    products = writer.cast(writer.operator("MatMul", values, weight), "int64")
    accumulator = writer.added(products, node.bias)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, accumulator, bounds, node.requantization)


# Elementwise


def _aligned(writer: Writer, tensor: str, rank: int, wanted: int, shape: tuple[int, ...]) -> str:
    """Insert the dimensions that broadcasting adds, behind the batch."""
    if rank == wanted:
        return tensor
    sizes = writer.constant([0, *(1,) * (wanted - rank), *shape])
    return writer.operator("Reshape", tensor, sizes)


def _operands(
    node: Node, encodings: tuple[Encoding, ...], graph: Graph, writer: Writer
) -> list[str]:
    rank = len(graph.tensors[node.output].shape)
    operands = []
    for name, encoding in zip(node.inputs, encodings, strict=True):
        shape = graph.tensors[name].shape
        values = _values(name, encoding, writer)
        operands.append(_aligned(writer, values, len(shape), rank, shape))
    return operands


@write_node.register
def _(node: Add, graph: Graph, writer: Writer) -> str:
    encodings = tuple(addend.encoding for addend in node.addends)
    total = ""
    for values, addend in zip(_operands(node, encodings, graph, writer), node.addends, strict=True):
        term = values if addend.multiplier == 1 else writer.multiplied(values, addend.multiplier)
        if addend.half_up_shift:
            term = writer.half_up(term, 1 << addend.half_up_shift)
        if addend.half_away_shift:
            term = writer.half_away(term, 1 << addend.half_away_shift)
        if addend.subtract:
            term = writer.operator("Neg", term)
        total = writer.added(total, term) if total else term
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, total, bounds, node.requantization)


@write_node.register
def _(node: Multiply, graph: Graph, writer: Writer) -> str:
    first, second = _operands(node, node.encodings, graph, writer)
    product = writer.multiplied(first, second)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, product, bounds, node.requantization)


@write_node.register
def _(node: Requantize, graph: Graph, writer: Writer) -> str:
    values = _values(node.inputs[0], node.encoding, writer)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, values, bounds, node.requantization)


@write_node.register
def _(node: Table, graph: Graph, writer: Writer) -> str:
    (name,) = node.inputs
    lowest = graph.tensors[name].type.minimum
    index = writer.subtracted(writer.cast(name, "int64"), lowest)
    return writer.operator("Gather", writer.constant(node.values), index)


@write_node.register
def _(node: Clamp, graph: Graph, writer: Writer) -> str:
    return writer.clamped(writer.cast(node.inputs[0], "int64"), node.minimum, node.maximum)


# Pooling


@write_node.register
def _(node: MaxPool, graph: Graph, writer: Writer) -> str:
    # Floating point holds every code; ONNX's MaxPool takes no other integers than 8-bit ones.
    kind = "float32" if _fits_float32(node, graph) else "float64"
    image = writer.operator("Transpose", writer.cast(node.inputs[0], kind), perm=_TO_FIRST)
    pooled = writer.operator("MaxPool", image, **_attributes(node.window))
    codes = writer.cast(writer.operator("Transpose", pooled, perm=_TO_LAST), "int64")
    return writer.clamped(codes, node.minimum, node.maximum)


def _window_sum(
    node: Node, window: Window, encoding: Encoding, graph: Graph, writer: Writer
) -> str:
    (name,) = node.inputs
    channels = graph.tensors[name].channels
    ones = np.ones((channels, *window.size, 1), dtype=np.int64)
    values = _values(name, encoding, writer)
    return _convolved(writer, values, ones, window, channels, _largest_value(graph, name, encoding))


@write_node.register
def _(node: AveragePool, graph: Graph, writer: Writer) -> str:
    total = _window_sum(node, node.window, Encoding(), graph, writer)
    inside = node.window.taps_inside(graph.tensors[node.inputs[0]].shape)
    count = np.full((1, 1, 1), inside.flat[0]) if np.ptp(inside) == 0 else inside[..., None]
    rounded = writer.added(writer.operator("Abs", total), count // 2)
    magnitude = writer.operator("Div", rounded, writer.constant(count))
    mean = writer.signed(magnitude, total)
    return writer.clamped(mean, node.minimum, node.maximum)


@write_node.register
def _(node: SumPool, graph: Graph, writer: Writer) -> str:
    total = _window_sum(node, node.window, node.encoding, graph, writer)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, total, bounds, node.requantization)


@write_node.register
def _(node: Mean, graph: Graph, writer: Writer) -> str:
    values = _values(node.inputs[0], node.encoding, writer)
    axes = writer.constant([axis + 1 for axis in node.axes])
    total = writer.operator("ReduceSum", values, axes, keepdims=int(node.keep_dimensions))
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, total, bounds, node.requantization)


# Moving codes


@write_node.register
def _(node: Reshape, graph: Graph, writer: Writer) -> str:
    # The batch stays where it is, whatever its size.
    return writer.operator("Reshape", node.inputs[0], writer.constant([-1, *node.shape]))


@write_node.register
def _(node: Broadcast, graph: Graph, writer: Writer) -> str:
    shape = graph.tensors[node.inputs[0]].shape
    aligned = [-1, *(1,) * (len(node.shape) - len(shape)), *shape]
    value = writer.operator("Reshape", node.inputs[0], writer.constant(aligned))
    return writer.operator("Expand", value, writer.constant([1, *node.shape]))


@write_node.register
def _(node: Concat, graph: Graph, writer: Writer) -> str:
    return writer.operator("Concat", *node.inputs, axis=node.axis + 1)


@write_node.register
def _(node: Pad, graph: Graph, writer: Writer) -> str:
    before, after = zip(*node.padding, strict=True)
    pads = writer.constant([0, *before, 0, *after])
    wide = writer.cast(node.inputs[0], "int64")
    return writer.operator("Pad", wide, pads, writer.constant(node.code))


@write_node.register
def _(node: Constant, graph: Graph, writer: Writer) -> str:
    values = writer.constant(node.values[None])
    readers = graph.consumers(node.output)
    if node.output not in graph.outputs and all(isinstance(r, Add | Multiply) for r in readers):
        return writer.operator("Identity", values)  # Which broadcast over the batch.
    if not graph.inputs:
        raise UserError("the network has no input, so there is no batch; it computes a constant")
    batch = writer.operator("Shape", graph.inputs[0].name, start=0, end=1)
    sizes = writer.operator("Concat", batch, writer.constant(node.values.shape), axis=0)
    return writer.operator("Expand", values, sizes)


# The end of a classifier


@write_node.register
def _(node: ArgMax, graph: Graph, writer: Writer) -> str:
    wide = writer.cast(node.inputs[0], "float32" if _fits_float32(node, graph) else "float64")
    return writer.operator("ArgMax", wide, axis=-1, keepdims=0)


def _fits_float32(node: Node, graph: Graph) -> bool:
    return graph.tensors[node.inputs[0]].type.width <= 24


@write_node.register
def _(node: Softmax, graph: Graph, writer: Writer) -> str:
    """Write `golden.numbers.softmax`, step by step."""
    terms = _exponentials(node, writer)
    total = writer.row_sum(writer.half_away(terms, 1 << 12))
    headroom = writer.subtracted(32, _bit_length(total, writer))
    table = writer.constant(np.int64(1) << np.arange(48))
    normalized = writer.multiplied(total, writer.operator("Gather", table, headroom))
    reciprocal = _one_over_one_plus(writer, writer.subtracted(normalized, 1 << 31))
    shift = writer.subtracted(12 + 31 - node.type.width, headroom)
    scaled = writer.half_up(writer.multiplied(terms, reciprocal), 1 << 31)
    rounded = writer.half_away(scaled, writer.operator("Gather", table, shift))
    lowest, highest = node.type.minimum, node.type.maximum
    return writer.clamped(writer.added(rounded, lowest), lowest, highest)


@write_node.register
def _(node: Softmax16, graph: Graph, writer: Writer) -> str:
    """Write `golden.numbers.softmax16`, step by step."""
    terms = _exponentials(node, writer)
    total = writer.row_sum(terms)
    bits = _bit_length(total, writer)
    table = writer.constant(_POWERS)
    aligned = writer.multiplied(
        total, writer.operator("Gather", table, writer.subtracted(31, bits))
    )
    normal = writer.subtracted(writer.half_up(aligned, 1 << 14), 3 << 15)
    reciprocal = _interpolated(writer, writer.clamped(normal, -(1 << 15), (1 << 15) - 1), node)
    power = writer.operator("Gather", table, writer.subtracted(bits, 1))
    rounded = writer.half_up(writer.multiplied(terms, reciprocal), power)
    return writer.clamped(rounded, 0, (1 << 15) - 1)


def _exponentials(node: Softmax | Softmax16, writer: Writer) -> str:
    """Write the exponential of each code's difference from the largest one of its row."""
    wide = writer.cast(node.inputs[0], "int64")
    largest = writer.operator("ReduceMax", wide, writer.constant([-1]), keepdims=1)
    difference = writer.subtracted(largest, wide)
    return writer.operator("Gather", writer.constant(node.exponential), difference)


def _bit_length(total: str, writer: Writer) -> str:
    """Write the bits of positive numbers below 2**32, of shape (..., 1)."""
    reached = writer.operator("GreaterOrEqual", total, writer.constant(_POWERS))
    return writer.row_sum(writer.cast(reached, "int64"))


def _interpolated(writer: Writer, codes: str, node: Softmax16) -> str:
    """Write the table of reciprocals at 16-bit codes, 128 of them to a step."""
    entries = node.reciprocal.astype(np.int64)
    step = writer.floor_divided(codes, 128)
    offset = writer.subtracted(codes, writer.multiplied(step, 128))
    index = writer.added(step, 256)
    slope = writer.operator("Gather", writer.constant(np.diff(entries)), index)
    risen = writer.half_up(writer.multiplied(slope, offset), 128)
    return writer.added(writer.operator("Gather", writer.constant(entries[:-1]), index), risen)


def _one_over_one_plus(writer: Writer, value: str) -> str:
    """Write `golden.numbers.gemmlowp.one_over_one_plus`."""
    constants = gemmlowp.FORTY_EIGHT_SEVENTEENTHS, gemmlowp.MINUS_THIRTY_TWO_SEVENTEENTHS

    def high_multiply(a: str, b: str | int) -> str:
        return writer.half_up(writer.multiplied(a, b), 1 << 31)

    def shifted(a: str, factor: int) -> str:
        return writer.clamped(writer.multiplied(a, factor), -(1 << 31), (1 << 31) - 1)

    half_denominator = writer.floor_divided(writer.added(value, gemmlowp.ONE + 1), 2)
    x = writer.added(high_multiply(half_denominator, constants[1]), constants[0])
    for _ in range(3):
        error = writer.subtracted(1 << 29, high_multiply(half_denominator, x))
        x = writer.added(x, shifted(high_multiply(x, error), 4))
    return shifted(x, 2)
