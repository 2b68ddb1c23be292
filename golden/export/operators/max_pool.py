"""The greatest code of each window, as ONNX operators."""

from bittrue.golden.export.integer import TO_FIRST, TO_LAST, attributes, fits_float32, write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.max_pool import MaxPool


@write_node.register
def _(node: MaxPool, graph: Graph, writer: Writer) -> str:
    # Floating point holds every code; ONNX's MaxPool takes no other integers than 8-bit ones.
    kind = "float32" if fits_float32(node, graph) else "float64"
    image = writer.operator("Transpose", writer.cast(node.inputs[0], kind), perm=TO_FIRST)
    pooled = writer.operator("MaxPool", image, **attributes(node.window))
    codes = writer.cast(writer.operator("Transpose", pooled, perm=TO_LAST), "int64")
    return writer.clamped(codes, node.minimum, node.maximum)
