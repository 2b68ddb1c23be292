"""CONV_2D and DEPTHWISE_CONV_2D, also between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""

import dataclasses

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic, WeightScale
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.dilations import AROUND
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.frontends.tflite.weights import accumulator_of, bias_of, weights_of
from bittrue.golden.frontends.tflite.windows import window_of
from bittrue.golden.graph import Encoding, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.numbers.arrays import Int64

_FIELDS = ("Padding", "StrideW", "StrideH", "DilationWFactor", "DilationHFactor", FUSED)


@converts(CONV_2D=8, options=Options("Conv2DOptions", _FIELDS))
def _plain(site: Site, arithmetic: LitertArithmetic) -> None:
    _convolution(site, arithmetic, depthwise=False)


@converts(DEPTHWISE_CONV_2D=7, options=Options("DepthwiseConv2DOptions", _FIELDS))
def _depthwise(site: Site, arithmetic: LitertArithmetic) -> None:
    _convolution(site, arithmetic, depthwise=True)


def _convolution(site: Site, arithmetic: LitertArithmetic, depthwise: bool) -> None:
    weight, info, kind = weights_of(site, output_axis=3 if depthwise else 0)
    if weight.ndim != 4 or (depthwise and weight.shape[0] != 1):
        raise UserError(
            f"{info} has shape {info.shape}; allowed: 4 dimensions, 1 first if depthwise"
        )
    channels = activation_shape(site.input(0))[-1:]
    weight = weight.transpose(3, 1, 2, 0) if depthwise else weight
    groups = channels[0] // weight.shape[3] if channels else 0
    window = window_of(site, (weight.shape[1], weight.shape[2]), dilated=True)
    if AROUND in site.options and np.any(window.padding) and not arithmetic.fills_batches:
        raise UserError(
            "SPACE_TO_BATCH_ND before it adds codes around an image, which this runtime leaves as "
            "they are in memory; import with profile litert"
        )
    node = convolution_node(site, site.input(0).name, weight, window, groups)
    requantization = arithmetic.convolution(
        site.builder.infer(node),
        accumulator_of(site),
        site.source(),
        WeightScale(kind, info.scale),
        site.target,
        fused_clamp(site, arithmetic),
    )
    site.emit(dataclasses.replace(node, requantization=requantization))


def convolution_node(
    site: Site, name: str, weight: Int64, window: Window, groups: int = 1
) -> Convolution:
    """Return the node of an operator that convolves, without its requantization.

    Parameters
    ----------
    site : Site
        Its second input are the weights.
    name : str
        The tensor of the graph that is convolved.
    weight : ndarray of int64, shape (outputs, height, width, channels of a group)
    window : Window
    groups : int
    """
    info = site.input(1)
    assert info.type is not None
    return Convolution(
        inputs=(name,),
        output=site.output.name,
        weight=weight,
        weight_type=info.type,
        bias=bias_of(site, weight.shape[0]),
        input_encoding=site.source().encoding,
        weight_encoding=Encoding(int(info.zero_point[0])),
        window=window,
        groups=groups,
    )


@converts(SPACE_TO_BATCH_ND=4, BATCH_TO_SPACE_ND=4)
def _batches(site: Site, arithmetic: LitertArithmetic) -> None:
    raise UserError(
        "it makes a batch of one image, or one image of it; allowed: SPACE_TO_BATCH_ND, a "
        "convolution of stride 1 without padding, BATCH_TO_SPACE_ND by the same block: dilation"
    )
