"""The index of the greatest code, as ONNX operators."""

from bittrue.golden.export.integer import fits_float32, write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.arg_max import ArgMax


@write_node.register
def _(node: ArgMax, graph: Graph, writer: Writer) -> str:
    wide = writer.cast(node.inputs[0], "float32" if fits_float32(node, graph) else "float64")
    return writer.operator("ArgMax", wide, axis=-1, keepdims=0)
