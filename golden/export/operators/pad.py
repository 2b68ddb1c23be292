"""Borders filled with a code, as ONNX operators."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.pad import Pad


@write_node.register
def _(node: Pad, graph: Graph, writer: Writer) -> str:
    before, after = zip(*node.padding, strict=True)
    pads = writer.constant([0, *before, 0, *after])
    wide = writer.cast(node.inputs[0], "int64")
    return writer.operator("Pad", wide, pads, writer.constant(node.code))
