"""Matrix-vector products, as ONNX operators."""

from bittrue.golden.export.integer import decoded, write_node
from bittrue.golden.export.qdq import Form, write_products
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.fully_connected import FullyConnected


@write_node.register
def _(node: FullyConnected, graph: Graph, writer: Writer) -> str:
    # Float64 holds every sum of products of 16-bit codes that an accumulator of 48 bits holds.
    values = decoded(node.inputs[0], node.input_encoding, writer, "float64")
    weight = writer.constant(node.weight_values.T, "float64")
    products = writer.cast(writer.operator("MatMul", values, weight), "int64")
    accumulator = writer.added(products, node.bias)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, accumulator, bounds, node.requantization)


@write_products.register
def _(node: FullyConnected, form: Form) -> str:
    writer = form.writer
    rows = writer.operator("Reshape", form.real, writer.constant([-1, node.weight.shape[1]]))
    sums = writer.operator("Gemm", rows, form.weight(node.weight), form.bias, transB=1)
    shape = writer.constant([-1, *form.graph.tensors[node.output].shape])
    return writer.operator("Reshape", form.quantized(sums), shape)
