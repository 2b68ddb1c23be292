"""Elements taken by number along one dimension, as an ONNX operator."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.gather import Gather


@write_node.register
def _(node: Gather, graph: Graph, writer: Writer) -> str:
    indices = writer.constant(node.indices)
    return writer.operator("Gather", node.inputs[0], indices, axis=node.axis + 1)
