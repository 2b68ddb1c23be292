"""The same codes in another shape, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.reshape import Reshape


@write_node.register
def _(node: Reshape, graph: Graph, writer: Writer) -> str:
    # The batch stays where it is, whatever its size.
    return writer.operator("Reshape", node.inputs[0], writer.constant([-1, *node.shape]))
