"""Means over whole images, as a layer."""

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.global_pool import GlobalPoolSpec
from bittrue.hdl.layers.registry import makes_layers_of


@makes_layers_of(graph.Mean)
def mean_spec(node: graph.Mean, place: Place) -> GlobalPoolSpec:
    """Return the layer of a node.

    Raises
    ------
    UserError
        If it is not over all dimensions but the channels.
    """
    tensor = place.tensors[0]
    dimensions = tuple(range(len(tensor.shape) - 1))
    if node.axes != dimensions:
        raise UserError(
            f"mean {node.output!r} is over axes {node.axes} of {tensor.shape}; the circuit "
            f"takes {dimensions}, all but the channels"
        )
    return GlobalPoolSpec(node, place.tensors, place.lanes[0], node.encoding, node.requantization)
