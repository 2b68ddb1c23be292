"""ConvTranspose: a convolution of pixels set apart."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import plain
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.matrix import set_accumulated
from bittrue.golden.frontends.onnx.operators.convolution import (
    convolution_node,
    rank_of_weights,
    window_size,
)
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.weights import Weights, weights_of
from bittrue.golden.frontends.onnx.windows import pair_of, window_of
from bittrue.golden.graph import Window
from bittrue.golden.lowering.movements import Image, cropped, set_apart

_ATTRIBUTES = (
    *("auto_pad", "dilations", "group", "kernel_shape", "output_padding", "pads", "strides"),
)


@converts("ConvTranspose", attributes=_ATTRIBUTES, inputs=3)
def _transpose_convolution(site: Site, arithmetic: OnnxArithmetic) -> None:
    source = plain(site, 0)
    weights = weights_of(site, 1, rank_of_weights(source.activation), axis=1)
    if source.encoding.bipolar:
        raise UserError("its input has codes for -1 and +1, and none for the 0 between its pixels")
    if site.text("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise UserError(
            f"its auto_pad is {site.text('auto_pad', '')!r}; allowed: NOTSET, VALID; write the pads"
        )
    groups = site.integer("group", 1)
    _turn(weights, groups)
    size = window_size(site, weights)
    image = site.image(source.activation)
    height, width, channels = site.builder.made(image.name).shape
    window = window_of(site, size, image)
    more = pair_of(site, "output_padding", image, default=0)
    if min((*window.stride, *window.dilation)) < 1:
        raise UserError(
            f"its strides are {window.stride}, dilations {window.dilation}; allowed: at least 1"
        )
    ends = [_ends(window, axis, more[axis]) for axis in (0, 1)]
    name = site.builder.unused_name(f"{site.output}/apart")
    code = source.encoding.zero_point
    nodes = set_apart(image.name, (height, width, channels), window.stride, code, name)
    sizes: Image = (height * window.stride[0], width * window.stride[1], channels)
    if min(min(pair) for pair in ends) < 0:
        nodes.append(cropped(name, sizes, ends, f"{name}/reached"))
    for node in nodes:
        tensor = node.infer(*(site.builder.made(each) for each in node.inputs)).tensor
        site.builder.add(node, Layout.same(tensor.shape))
    outside = [(max(before, 0), max(after, 0)) for before, after in ends]
    # A pixel reaches what lies behind it by the first weight: turned, a convolution does so.
    turned = weights.codes.transpose(0, 2, 3, 1)[:, ::-1, ::-1]
    reached = Window(size, (1, 1), window.dilation, (outside[0], outside[1]))
    convolution = convolution_node(
        nodes[-1].output, source.encoding, weights, turned, reached, groups
    )
    made = convolution.infer(site.builder.made(nodes[-1].output)).tensor.shape
    layout = site.image_layout(made, image)
    set_accumulated(
        site, arithmetic, convolution, layout, source, weights, "transposed convolution", bias=2
    )


def _turn(weights: Weights, groups: int) -> None:
    """Order weights as a convolution has them: all outputs, then the inputs of their group."""
    outputs, inputs, *size = weights.codes.shape
    if groups < 1 or inputs % groups:
        raise UserError(f"its group is {groups}; allowed: a divisor of the {inputs} channels")
    parted = weights.codes.reshape(outputs, groups, inputs // groups, *size)
    weights.codes = parted.swapaxes(0, 1).reshape(groups * outputs, inputs // groups, *size)
    if len(weights.scale) > 1:
        weights.scale = np.tile(weights.scale, groups)


def _ends(window: Window, axis: int, more: int) -> tuple[int, int]:
    """Return the taps before the first pixel and behind the last row that is set apart."""
    reach = (window.size[axis] - 1) * window.dilation[axis]
    before, after = window.padding[axis]
    return reach - before, reach - after + more - (window.stride[axis] - 1)
