"""Conv, QLinearConv and ConvInteger."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import plain
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.matrix import (
    codes_at,
    input_encoding,
    set_accumulated,
    set_quantized_matrix,
    unscaled,
)
from bittrue.golden.frontends.onnx.registry import CHANNELS_LAST, STANDARD, converts
from bittrue.golden.frontends.onnx.values import Activation
from bittrue.golden.frontends.onnx.weights import Weights, named_weights, weights_of
from bittrue.golden.frontends.onnx.windows import WINDOW, window_of
from bittrue.golden.graph import Encoding, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.numbers.arrays import Int64

CONVOLUTION = (*WINDOW, "group", "kernel_shape")


def _convolution(
    site: Site, source: Activation, encoding: Encoding, weights: Weights
) -> tuple[Convolution, Layout]:
    image = site.image(source)
    size = window_size(site, weights)
    window, groups = window_of(site, size, image), site.integer("group", 1)
    weight = weights.codes.transpose(0, 2, 3, 1)
    node = convolution_node(image.name, encoding, weights, weight, window, groups)
    made = node.infer(site.builder.made(image.name)).tensor.shape
    return node, site.image_layout(made, image)


def rank_of_weights(source: Activation) -> int:
    """Return how many dimensions the weights have that an image is convolved with."""
    rank = len(source.layout.shape)
    return rank + 1 if rank in (2, 3) else 4


def window_size(site: Site, weights: Weights) -> tuple[int, int]:
    """Return height and width of weights, (outputs, inputs, ...), and give them both.

    Raises
    ------
    UserError
        If the operator's attribute says otherwise.
    """
    size = weights.codes.shape[2:]
    if site.sizes("kernel_shape", size) != size:
        raise UserError(f"its kernel_shape is not that of its weights, {size}")
    if len(size) == 1:
        weights.codes = weights.codes[..., None]
    return weights.codes.shape[2], weights.codes.shape[3]


@converts("Conv", domains=(STANDARD, CHANNELS_LAST), attributes=CONVOLUTION, inputs=3)
def _conv(site: Site, arithmetic: OnnxArithmetic) -> None:
    source = plain(site, 0)
    weights = weights_of(site, 1, rank_of_weights(source.activation), axis=0)
    if site.channels_last:
        weights.codes = np.moveaxis(weights.codes, -1, 1)
    node, layout = _convolution(site, source.activation, source.encoding, weights)
    set_accumulated(site, arithmetic, node, layout, source, weights, "convolution", bias=2)


@converts("QLinearConv", attributes=CONVOLUTION)
def _qlinear_conv(site: Site, arithmetic: OnnxArithmetic) -> None:
    source, encoding = codes_at(site, 0), input_encoding(site, 0, 2)
    weights = named_weights(site, 3, 4, 5, rank_of_weights(source), axis=0)
    node, layout = _convolution(site, source, encoding, weights)
    set_quantized_matrix(site, arithmetic, node, layout, weights, "convolution", output=6, bias=8)


@converts("ConvInteger", attributes=CONVOLUTION)
def _conv_integer(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Emit accumulators; a Cast and a Mul behind give them a scale."""
    source, encoding = codes_at(site, 0), input_encoding(site, 0, 2)
    weights = named_weights(site, 1, -1, 3, rank_of_weights(source), axis=0)
    node, layout = _convolution(site, source, encoding, weights)
    site.set(unscaled(node, layout))


def convolution_node(
    name: str, encoding: Encoding, weights: Weights, weight: Int64, window: Window, groups: int
) -> Convolution:
    """Return the node of an operator that convolves, without bias and requantization.

    Parameters
    ----------
    name : str
        The tensor of the graph that is convolved.
    encoding : Encoding
        Of its codes.
    weights : Weights
        Their type and encoding.
    weight : ndarray of int64, shape (outputs, height, width, channels of a group)
    window : Window
    groups : int
    """
    return Convolution(
        inputs=(name,),
        output="convolution",
        weight=weight,
        weight_type=weights.type,
        bias=np.zeros(len(weight), dtype=np.int64),
        input_encoding=encoding,
        weight_encoding=weights.encoding,
        window=window,
        groups=groups,
    )
