"""Tensors joined along an axis, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.concat import Concat


@write_node.register
def _(node: Concat, graph: Graph, writer: Writer) -> str:
    return writer.operator("Concat", *node.inputs, axis=node.axis + 1)
