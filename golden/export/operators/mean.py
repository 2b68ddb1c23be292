"""The mean over axes, as ONNX operators."""

from bittrue.golden.export.integer import decoded, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.mean import Mean


@write_node.register
def _(node: Mean, graph: Graph, writer: Writer) -> str:
    values = decoded(node.inputs[0], node.encoding, writer)
    axes = writer.constant([axis + 1 for axis in node.axes])
    total = writer.operator("ReduceSum", values, axes, keepdims=int(node.keep_dimensions))
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, total, bounds, node.requantization)
