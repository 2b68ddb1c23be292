"""Convolutions, grouped and depthwise ones included."""

from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.matrices import add_matrix, windowed
from bittrue.golden.graph.convolution import Convolution


@lower_node.register
def _(node: Convolution, lowering: Lowering) -> None:
    source = lowering.source(node.inputs[0])
    geometry = windowed(node.window)
    add_matrix(lowering, node, source, geometry, node.weight_values, node.groups)
