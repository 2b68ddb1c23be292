"""A part of a tensor, as an ONNX operator."""

from bittrue.golden.export.integer import write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.slice import Slice


@write_node.register
def _(node: Slice, graph: Graph, writer: Writer) -> str:
    starts = [taken.start for taken in node.ranges]
    ends = [taken.stop for taken in node.ranges]
    axes = [axis + 1 for axis in range(len(node.size))]
    listed = (writer.constant(values) for values in (starts, ends, axes, node.stride))
    return writer.operator("Slice", node.inputs[0], *listed)
