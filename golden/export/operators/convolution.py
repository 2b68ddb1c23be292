"""Convolutions: grouped and depthwise ones, padding, stride and dilation, as ONNX operators."""

from golden.export.integer import convolved_parts, decoded, largest_value, write_node
from golden.export.requantization import write_requantization
from golden.export.writer import Writer
from golden.graph import Convolution, Graph


@write_node.register
def _(node: Convolution, graph: Graph, writer: Writer) -> str:
    (name,) = node.inputs
    values = decoded(name, node.input_encoding, writer)
    largest = largest_value(graph, name, node.input_encoding)
    products = convolved_parts(
        writer, values, node.weight_values, node.window, node.groups, largest
    )
    accumulator = writer.added(products, node.bias)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, accumulator, bounds, node.requantization)
