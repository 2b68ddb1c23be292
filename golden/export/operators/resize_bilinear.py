"""Images resized by interpolation, as ONNX operators."""

import numpy as np

from bittrue.golden.export.integer import decoded, write_node
from bittrue.golden.export.requantization import write_requantization
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph
from bittrue.golden.graph.resize_bilinear import ResizeBilinear


@write_node.register
def _(node: ResizeBilinear, graph: Graph, writer: Writer) -> str:
    values = decoded(node.inputs[0], node.encoding, writer)
    for axis, along in ((1, node.rows), (2, node.columns)):
        first, weight = np.array(along.first), np.array(along.weight)
        shape = (-1, *(1,) * (3 - axis))
        terms = [
            writer.multiplied(
                writer.operator("Gather", values, writer.constant(places), axis=axis),
                share.reshape(shape),
            )
            for places, share in (
                (first, (1 << node.fraction_bits) - weight),
                (np.where(weight > 0, first + 1, first), weight),
            )
        ]
        values = writer.added(*terms)
    bounds = graph.accumulators[node.output]
    return write_requantization(writer, values, bounds, node.requantization)
