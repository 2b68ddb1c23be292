"""Codes that do not depend on the input, as ONNX operators."""

from bittrue.golden.errors import UserError
from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.constant import Constant


@write_node.register
def _(node: Constant, graph: Graph, writer: Writer) -> str:
    values = writer.constant(node.values[None])
    readers = graph.consumers(node.output)
    if node.output not in graph.outputs and all(r.repeats_operands for r in readers):
        return writer.operator("Identity", values)  # Which broadcast over the batch.
    if not graph.inputs:
        raise UserError("the network has no input, so there is no batch; it computes a constant")
    batch = writer.operator("Shape", graph.inputs[0].name, start=0, end=1)
    sizes = writer.operator("Concat", batch, writer.constant(node.values.shape), axis=0)
    return writer.operator("Expand", values, sizes)
