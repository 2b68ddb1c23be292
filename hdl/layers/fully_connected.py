"""Dense layers."""

from bittrue.golden.graph import Tensor, Window
from bittrue.golden.graph.fully_connected import FullyConnected as FullyConnectedNode
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.matrix_geometry import MatrixGeometry, once_for_each_node
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.layers.registry import makes_layers_of


@makes_layers_of(FullyConnectedNode)
def fully_connected_spec(node: FullyConnectedNode, place: Place) -> MatrixLayerSpec:
    """Return the layer of a node."""
    return MatrixLayerSpec.at(node, fully_connected_geometry(node, place.tensors[0]), place)


@once_for_each_node
def fully_connected_geometry(node: FullyConnectedNode, tensor: Tensor) -> MatrixGeometry:
    """Return a dense layer of a tensor as windows of one element times weights."""
    positions = tensor.elements // tensor.channels
    weight = node.weight_values[:, None, None, :]
    return MatrixGeometry((1, 1), (positions, 1, tensor.channels), Window((1, 1)), weight)
