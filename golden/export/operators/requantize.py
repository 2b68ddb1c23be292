"""Changes of scale, zero point or width, as ONNX operators."""

from golden.export.integer import decoded, write_node
from golden.export.requantization import write_requantization
from golden.export.writer import Writer
from golden.graph import Graph, Requantize


@write_node.register
def _(node: Requantize, graph: Graph, writer: Writer) -> str:
    values = decoded(node.inputs[0], node.encoding, writer)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, values, bounds, node.requantization)
