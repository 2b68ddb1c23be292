"""The lesser or the greater of two codes, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph, MinMax


@write_node.register
def _(node: MinMax, graph: Graph, writer: Writer) -> str:
    one, other = (writer.cast(name, "int32") for name in node.inputs)
    return writer.operator("Max" if node.greatest else "Min", one, other)
