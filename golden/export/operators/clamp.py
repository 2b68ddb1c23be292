"""Limits of a code: relu, relu6, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.clamp import Clamp


@write_node.register
def _(node: Clamp, graph: Graph, writer: Writer) -> str:
    return writer.clamped(writer.cast(node.inputs[0], "int64"), node.minimum, node.maximum)
