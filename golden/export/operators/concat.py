"""Tensors joined along an axis, as ONNX operators."""

from golden.export.integer import write_node
from golden.export.writer import Writer
from golden.graph import Concat, Graph


@write_node.register
def _(node: Concat, graph: Graph, writer: Writer) -> str:
    return writer.operator("Concat", *node.inputs, axis=node.axis + 1)
