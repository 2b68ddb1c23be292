"""Codes repeated along axes, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.broadcast import Broadcast


@write_node.register
def _(node: Broadcast, graph: Graph, writer: Writer) -> str:
    shape = graph.tensors[node.inputs[0]].shape
    aligned = [-1, *(1,) * (len(node.shape) - len(shape)), *shape]
    value = writer.operator("Reshape", node.inputs[0], writer.constant(aligned))
    return writer.operator("Expand", value, writer.constant([1, *node.shape]))
