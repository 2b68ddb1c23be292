"""Softmax over the last axis, as ONNX operators."""

import numpy as np

from bittrue.golden.export.integer import bit_length, exponentials, one_over_one_plus, write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.softmax import Softmax


@write_node.register
def _(node: Softmax, graph: Graph, writer: Writer) -> str:
    """Write `golden.numbers.softmax`, step by step."""
    terms = exponentials(node, writer)
    total = writer.row_sum(writer.half_away(terms, 1 << 12))
    headroom = writer.subtracted(32, bit_length(total, writer))
    table = writer.constant(np.int64(1) << np.arange(48))
    normalized = writer.multiplied(total, writer.operator("Gather", table, headroom))
    reciprocal = one_over_one_plus(writer, writer.subtracted(normalized, 1 << 31))
    shift = writer.subtracted(12 + 31 - node.type.width, headroom)
    scaled = writer.half_up(writer.multiplied(terms, reciprocal), 1 << 31)
    rounded = writer.half_away(scaled, writer.operator("Gather", table, shift))
    lowest, highest = node.type.minimum, node.type.maximum
    return writer.clamped(writer.added(rounded, lowest), lowest, highest)
