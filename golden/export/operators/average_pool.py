"""The mean of each window, as ONNX operators."""

import numpy as np

from bittrue.golden.export.integer import window_sum, write_node
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Encoding, Graph
from bittrue.golden.graph.average_pool import AveragePool


@write_node.register
def _(node: AveragePool, graph: Graph, writer: Writer) -> str:
    total = window_sum(node, node.window, Encoding(), graph, writer)
    inside = node.window.taps_inside(graph.tensors[node.inputs[0]].shape)
    count = np.full((1, 1, 1), inside.flat[0]) if np.ptp(inside) == 0 else inside[..., None]
    rounded = writer.added(writer.operator("Abs", total), count // 2)
    magnitude = writer.operator("Div", rounded, writer.constant(count))
    mean = writer.signed(magnitude, total)
    return writer.clamped(mean, node.minimum, node.maximum)
