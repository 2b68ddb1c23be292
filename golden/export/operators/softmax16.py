"""Softmax of 16-bit codes over the last axis, as ONNX operators."""

import numpy as np

from bittrue.golden.export.integer import POWERS, bit_length, exponentials, write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.softmax16 import Softmax16


@write_node.register
def _(node: Softmax16, graph: Graph, writer: Writer) -> str:
    """Write `golden.numbers.softmax16`, step by step."""
    terms = exponentials(node, writer)
    total = writer.row_sum(terms)
    bits = bit_length(total, writer)
    table = writer.constant(POWERS)
    aligned = writer.multiplied(
        total, writer.operator("Gather", table, writer.subtracted(31, bits))
    )
    normal = writer.subtracted(writer.half_up(aligned, 1 << 14), 3 << 15)
    reciprocal = _interpolated(writer, writer.clamped(normal, -(1 << 15), (1 << 15) - 1), node)
    power = writer.operator("Gather", table, writer.subtracted(bits, 1))
    rounded = writer.half_up(writer.multiplied(terms, reciprocal), power)
    return writer.clamped(rounded, 0, (1 << 15) - 1)


def _interpolated(writer: Writer, codes: str, node: Softmax16) -> str:
    """Write the table of reciprocals at 16-bit codes, 128 of them to a step."""
    entries = node.reciprocal.astype(np.int64)
    step = writer.floor_divided(codes, 128)
    offset = writer.subtracted(codes, writer.multiplied(step, 128))
    index = writer.added(step, 256)
    slope = writer.operator("Gather", writer.constant(np.diff(entries)), index)
    risen = writer.half_up(writer.multiplied(slope, offset), 128)
    return writer.added(writer.operator("Gather", writer.constant(entries[:-1]), index), risen)
