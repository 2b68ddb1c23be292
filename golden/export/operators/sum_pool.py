"""The sum of each window, as ONNX operators."""

from bittrue.golden.export.integer import window_sum, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.sum_pool import SumPool


@write_node.register
def _(node: SumPool, graph: Graph, writer: Writer) -> str:
    total = window_sum(node, node.window, node.encoding, graph, writer)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, total, bounds, node.requantization)
