"""The lesser or the greater of two codes, as ONNX operators."""

from bittrue.golden.export.integer import operands, write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Encoding, Graph
from bittrue.golden.graph.min_max import MinMax


@write_node.register
def _(node: MinMax, graph: Graph, writer: Writer) -> str:
    one, other = operands(node, (Encoding(), Encoding()), graph, writer)
    return writer.operator("Max" if node.greatest else "Min", one, other)
