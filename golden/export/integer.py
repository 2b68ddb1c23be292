"""How a node becomes ONNX operators that compute the same integers."""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.export.writer import Writer, code_dtype
from bittrue.golden.graph import Encoding, Graph, Node, Window
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.graph.softmax16 import Softmax16
from bittrue.golden.numbers import gemmlowp
from bittrue.golden.numbers.arrays import Int64

_EXACT_FLOAT32 = 1 << 24


TO_FIRST = [0, 3, 1, 2]


TO_LAST = [0, 2, 3, 1]


POWERS = np.int64(1) << np.arange(32)


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


def decoded(name: str, encoding: Encoding, writer: Writer, dtype: str = "int64") -> str:
    """Return the integers that codes stand for."""
    wide = writer.cast(name, dtype)
    if encoding.bipolar:
        doubled = writer.operator("Mul", wide, writer.constant(2, dtype))
        return writer.operator("Sub", doubled, writer.constant(1, dtype))
    if encoding.zero_point == 0:
        return wide
    return writer.operator("Sub", wide, writer.constant(encoding.zero_point, dtype))


def largest_value(graph: Graph, name: str, encoding: Encoding) -> int:
    """Return the largest magnitude among the values that a tensor's codes stand for."""
    tensor = graph.tensors[name]
    return int(np.abs(encoding.decode([tensor.minimum, tensor.maximum])).max())


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


def convolved_parts(
    writer: Writer, values: str, weight: Int64, window: Window, groups: int, largest: int
) -> str:
    """Return a convolution of channels-last integers in int64, channels last.

    `weight` has shape (outputs, height, width, inputs / groups).
    """
    total = ""
    for scale, digit, size in digits(writer, values, largest, weight[0].size):
        real = writer.cast(digit, "float32")
        image = writer.operator("Transpose", real, perm=TO_FIRST)
        for factor, part in exact_parts(weight, size, _EXACT_FLOAT32):
            term = writer.operator(
                "Conv",
                image,
                writer.constant(part.transpose(0, 3, 1, 2), "float32"),
                group=groups,
                **attributes(window),
            )
            term = writer.cast(term, "int64")
            if scale * factor != 1:
                term = writer.multiplied(term, scale * factor)
            total = writer.added(total, term) if total else term
    return writer.operator("Transpose", total, perm=TO_LAST)


def digits(writer: Writer, values: str, largest: int, terms: int) -> Iterator[tuple[int, str, int]]:
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


def attributes(window: Window) -> dict[str, Any]:
    """Return a window as the attributes of ONNX's convolutions and poolings."""
    (top, bottom), (left, right) = window.padding
    return {
        "kernel_shape": list(window.size),
        "strides": list(window.stride),
        "dilations": list(window.dilation),
        "pads": [top, left, bottom, right],
    }


def aligned(writer: Writer, tensor: str, rank: int, wanted: int, shape: tuple[int, ...]) -> str:
    """Insert the dimensions that broadcasting adds, behind the batch."""
    if rank == wanted:
        return tensor
    sizes = writer.constant([0, *(1,) * (wanted - rank), *shape])
    return writer.operator("Reshape", tensor, sizes)


def operands(
    node: Node, encodings: tuple[Encoding, ...], graph: Graph, writer: Writer
) -> list[str]:
    """Write the values of a node's inputs, with as many dimensions as its output."""
    rank = len(graph.tensors[node.output].shape)
    operands = []
    for name, encoding in zip(node.inputs, encodings, strict=True):
        shape = graph.tensors[name].shape
        values = decoded(name, encoding, writer)
        operands.append(aligned(writer, values, len(shape), rank, shape))
    return operands


def window_sum(node: Node, window: Window, encoding: Encoding, graph: Graph, writer: Writer) -> str:
    """Write the sum over each window, for every channel."""
    (name,) = node.inputs
    channels = graph.tensors[name].channels
    ones = np.ones((channels, *window.size, 1), dtype=np.int64)
    values = decoded(name, encoding, writer)
    return convolved_parts(
        writer, values, ones, window, channels, largest_value(graph, name, encoding)
    )


def fits_float32(node: Node, graph: Graph) -> bool:
    """Return whether float32 holds every code of a node's first input."""
    return graph.tensors[node.inputs[0]].type.width <= 24


def exponentials(node: Softmax | Softmax16, writer: Writer) -> str:
    """Write the exponential of each code's difference from the largest one of its row."""
    wide = writer.cast(node.inputs[0], "int64")
    largest = writer.operator("ReduceMax", wide, writer.constant([-1]), keepdims=1)
    difference = writer.subtracted(largest, wide)
    return writer.operator("Gather", writer.constant(node.exponential), difference)


def bit_length(total: str, writer: Writer) -> str:
    """Write the bits of positive numbers below 2**32, of shape (..., 1)."""
    reached = writer.operator("GreaterOrEqual", total, writer.constant(POWERS))
    return writer.row_sum(writer.cast(reached, "int64"))


def one_over_one_plus(writer: Writer, value: str) -> str:
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
