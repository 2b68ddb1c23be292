"""Convolutions as layers: grouped and depthwise ones, padding, stride and dilation."""

import numpy as np

from bittrue.golden.graph import Tensor, Window
from bittrue.golden.graph.convolution import Convolution as ConvolutionNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.matrix_geometry import MatrixGeometry, once_for_each_node
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.layers.registry import makes_layers_of


@makes_layers_of(ConvolutionNode)
def convolution_spec(node: ConvolutionNode, place: Place) -> MatrixLayerSpec:
    """Return the layer of a node."""
    return MatrixLayerSpec.at(node, convolution_geometry(node, place.tensors[0]), place)


@once_for_each_node
def convolution_geometry(node: ConvolutionNode, tensor: Tensor) -> MatrixGeometry:
    """Return a convolution of a tensor as windows times weights."""
    height, width, channels = tensor.shape
    if not _is_pointwise(node.window):
        weight = node.weight_values if node.depthwise else _dense_weight(node, channels)
        shape = height, width, channels
        return MatrixGeometry((1, 1), shape, node.window, weight, node.depthwise)
    rows, columns = node.window.output_size(tensor.shape)
    if node.window.stride == (1, 1):
        rows, columns = rows * columns, 1
    weight = _dense_weight(node, channels)
    return MatrixGeometry(node.window.stride, (rows, columns, channels), Window((1, 1)), weight)


def _is_pointwise(window: Window) -> bool:
    """Return whether each position sees one pixel, and none outside of the tensor."""
    return window.size == (1, 1) and window.padding == ((0, 0), (0, 0))


def _dense_weight(node: ConvolutionNode, channels: int) -> Int64:
    """Return weights over all channels, zero outside of each output's group."""
    weight = node.weight_values
    if node.groups == 1:
        return weight
    outputs, height, width, each = weight.shape
    dense = np.zeros((outputs, height, width, channels), dtype=np.int64)
    for group, rows in enumerate(np.split(np.arange(outputs), node.groups)):
        dense[rows, :, :, group * each : (group + 1) * each] = weight[rows]
    return dense
