"""Sums and differences of scaled operands, as ONNX operators."""

from bittrue.golden.export.integer import operands, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.add import Add


@write_node.register
def _(node: Add, graph: Graph, writer: Writer) -> str:
    encodings = tuple(addend.encoding for addend in node.addends)
    total = ""
    for values, addend in zip(operands(node, encodings, graph, writer), node.addends, strict=True):
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
