"""Means, as a layer."""

from bittrue.golden.errors import UserError
from bittrue.golden.graph.mean import Mean as MeanNode
from bittrue.golden.lowering.mean_axes import added_over, follow_each_other
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.global_pool import GlobalPoolSpec
from bittrue.hdl.layers.registry import makes_layers_of


@makes_layers_of(MeanNode)
def mean_spec(node: MeanNode, place: Place) -> GlobalPoolSpec:
    """Return the layer of a node.

    Raises
    ------
    UserError
        If its dimensions do not follow each other.
    """
    shape = place.tensors[0].shape
    if not follow_each_other(node.axes, shape):
        raise UserError(
            f"mean {node.output!r} is over axes {node.axes} of {shape}; the circuit takes "
            "dimensions that follow each other, so add up over the others before"
        )
    over = added_over(node.axes, shape)
    return GlobalPoolSpec(
        node, place.tensors, place.lanes[0], node.encoding, node.requantization, over
    )
