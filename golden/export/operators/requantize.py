"""Changes of scale, zero point or width, as ONNX operators."""

from bittrue.golden.export.integer import decoded, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.requantize import Requantize


@write_node.register
def _(node: Requantize, graph: Graph, writer: Writer) -> str:
    values = decoded(node.inputs[0], node.encoding, writer)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, values, bounds, node.requantization)
