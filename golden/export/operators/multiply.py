"""Products of two tensors, as ONNX operators."""

from bittrue.golden.export.integer import operands, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.multiply import Multiply


@write_node.register
def _(node: Multiply, graph: Graph, writer: Writer) -> str:
    first, second = operands(node, node.encodings, graph, writer)
    product = writer.multiplied(first, second)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, product, bounds, node.requantization)
