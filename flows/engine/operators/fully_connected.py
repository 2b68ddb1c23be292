"""Matrix-vector products: windows of one pixel, or of the whole image that was flattened."""

from bittrue.flows.engine.layers import Geometry
from bittrue.flows.engine.lowering import Lowering, image_shape, lower_node
from bittrue.flows.engine.matrices import add_matrix
from bittrue.golden.graph.fully_connected import FullyConnected


@lower_node.register
def _(node: FullyConnected, lowering: Lowering) -> None:
    (name,) = node.inputs
    lying = lowering.view(name)
    shape = lowering.tensor(name).shape
    if len(shape) == 1 and lying.channels != shape[0]:  # Flattened: codes in the order of memory.
        source = lowering.source(name, lying.shape)
        weight = node.weight_values.reshape(-1, *lying.shape)
    else:
        source = lowering.source(name, image_shape(shape))
        weight = node.weight_values[:, None, None, :]
    add_matrix(lowering, node, source, Geometry(kernel=weight.shape[1:3]), weight, 1)
