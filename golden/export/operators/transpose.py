"""The same codes with their dimensions in another order, as an ONNX operator."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.transpose import Transpose


@write_node.register
def _(node: Transpose, graph: Graph, writer: Writer) -> str:
    order = [0, *(axis + 1 for axis in node.permutation)]
    return writer.operator("Transpose", node.inputs[0], perm=order)
