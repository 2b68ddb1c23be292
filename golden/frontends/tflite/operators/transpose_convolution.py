"""TRANSPOSE_CONV: a convolution of pixels set apart."""

import dataclasses

import tflite

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic, WeightScale
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.operators.convolution import convolution_node
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.frontends.tflite.weights import accumulator_of, weights_of
from bittrue.golden.graph import Window
from bittrue.golden.lowering.movements import cropped, set_apart

_OPTIONS = Options("TransposeConvOptions", ("Padding", "StrideW", "StrideH", FUSED))


@converts(TRANSPOSE_CONV=5, options=_OPTIONS)
def _transpose_convolution(site: Site, arithmetic: LitertArithmetic) -> None:
    _check_shape(site)
    # As other matrix operators have them: the input, the weights, a bias or none.
    given = site.operator.inputs
    operator = dataclasses.replace(site.operator, inputs=(given[2], given[1], *given[3:4]))
    site = dataclasses.replace(site, operator=operator)
    weight, info, kind = weights_of(site, output_axis=0)
    shape, made = activation_shape(site.input(0)), activation_shape(site.output)
    if weight.ndim != 4 or len(shape) != 3 or len(made) != 3:
        raise UserError(
            f"it makes shape {(1, *made)} of {(1, *shape)} by weights of shape {weight.shape}; "
            "allowed: 4 dimensions each"
        )
    image = shape[0], shape[1], shape[2]
    stride = site.options.get("StrideH", 0), site.options.get("StrideW", 0)
    if min(stride) < 1:
        raise UserError(f"stride is {stride}; allowed: at least 1")
    size = weight.shape[1], weight.shape[2]
    source = site.source()
    name = f"{site.output.name}/apart"
    for node in set_apart(site.input(0).name, image, stride, source.zero_point, name):
        site.builder.add(node)
    padding = [_padding(site, axis, stride[axis], size[axis], made[axis]) for axis in (0, 1)]
    ends = [
        (before, made[axis] + size[axis] - 1 - before - image[axis] * stride[axis])
        for axis, before in enumerate(padding)
    ]
    if min(min(pair) for pair in ends) < 0:
        whole = image[0] * stride[0], image[1] * stride[1], image[2]
        part = cropped(name, whole, ends, f"{site.output.name}/reached")
        site.builder.add(part)
        name = part.output
    outside = [(max(before, 0), max(after, 0)) for before, after in ends]
    # A pixel reaches what lies behind it by the first weight: turned, a convolution does so.
    turned = weight[:, ::-1, ::-1]
    window = Window(size, padding=(outside[0], outside[1]))
    node = convolution_node(site, name, turned, window)
    requantization = arithmetic.transpose_convolution(
        site.builder.infer(node),
        accumulator_of(site),
        source,
        WeightScale(kind, info.scale),
        site.target,
        fused_clamp(site, arithmetic),
        all(_is_usual(site, image[n], stride[n], size[n], made[n]) for n in (0, 1)),
    )
    site.emit(dataclasses.replace(node, requantization=requantization))


def _check_shape(site: Site) -> None:
    """Refuse a constant that says another shape than the file says of the output."""
    if len(site.operator.inputs) not in (3, 4):
        raise UserError(f"it has {len(site.operator.inputs)} inputs; allowed: 3 or 4")
    stated = site.input(0)
    if stated.data is None:
        return  # It comes at run time, and then is that of the file's own output.
    sizes = tuple(constant(stated, "INT32").reshape(-1).tolist())
    if sizes[1:] != site.output.shape[1:]:
        raise UserError(
            f"it is to make shape {sizes}; the file says that {site.output} has shape "
            f"{site.output.shape}"
        )


def _padding(site: Site, axis: int, stride: int, size: int, made: int) -> int:
    """Return how many taps lie before the first pixel.

    ComputePaddingHeightWidth of the output's size, tensorflow/lite/kernels/padding.h.
    """
    scheme = site.options.get("Padding", 0)
    if scheme not in (tflite.Padding.SAME, tflite.Padding.VALID):
        raise UserError(f"padding scheme is {scheme}; allowed: SAME, VALID")
    if scheme == tflite.Padding.SAME:
        pixels = -(-made // stride)
    else:
        pixels = (made - size + stride) // stride
    outside = max((pixels - 1) * stride + size - made, 0)
    return size - 1 - outside // 2


def _is_usual(site: Site, length: int, stride: int, size: int, made: int) -> bool:
    """Return whether XNNPACK takes such a window along a dimension.

    CalculateTransposeConvPaddings, tensorflow/lite/delegates/xnnpack/xnnpack_delegate.cc.
    """
    if site.options.get("Padding", 0) == tflite.Padding.VALID:
        return size <= made
    return size >= stride and -(-made // stride) == length
