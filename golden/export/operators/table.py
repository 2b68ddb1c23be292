"""Any function of a code, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.table import Table


@write_node.register
def _(node: Table, graph: Graph, writer: Writer) -> str:
    (name,) = node.inputs
    lowest = graph.tensors[name].type.minimum
    index = writer.subtracted(writer.cast(name, "int64"), lowest)
    return writer.operator("Gather", writer.constant(node.values), index)
