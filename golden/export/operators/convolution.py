"""Convolutions: grouped and depthwise ones, padding, stride and dilation, as ONNX operators."""

from bittrue.golden.export.integer import (
    TO_FIRST,
    TO_LAST,
    attributes,
    convolved_parts,
    decoded,
    largest_value,
    write_node,
)
from bittrue.golden.export.qdq import Form, write_products
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.convolution import Convolution


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


@write_products.register
def _(node: Convolution, form: Form) -> str:
    sums = form.writer.operator(
        "Conv",
        form.writer.operator("Transpose", form.real, perm=TO_FIRST),
        form.weight(node.weight.transpose(0, 3, 1, 2)),
        form.bias,
        group=node.groups,
        **attributes(node.window),
    )
    return form.writer.operator("Transpose", form.quantized(sums), perm=TO_LAST)
