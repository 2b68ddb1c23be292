"""Products of two matrices that both are computed, as ONNX operators."""

from bittrue.golden.export.integer import decoded, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.mat_mul import MatMul


@write_node.register
def _(node: MatMul, graph: Graph, writer: Writer) -> str:
    # Float64 holds every sum of products of 16-bit codes that an accumulator of 48 bits holds.
    first, second = (
        decoded(name, encoding, writer, "float64")
        for name, encoding in zip(node.inputs, node.encodings, strict=True)
    )
    rank = len(graph.tensors[node.output].shape)
    columns = writer.operator("Transpose", second, perm=[*range(rank - 1), rank, rank - 1])
    accumulator = writer.cast(writer.operator("MatMul", first, columns), "int64")
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, accumulator, bounds, node.requantization)
