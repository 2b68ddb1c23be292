"""Windows of convolutions and pooling, from TFLite's options."""

import tflite

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.dilations import AROUND
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.graph import Window

POOL_OPTIONS = Options(
    "Pool2DOptions", ("Padding", "StrideW", "StrideH", "FilterWidth", "FilterHeight", FUSED)
)


def window_of(site: Site, size: tuple[int, int], dilated: bool) -> Window:
    """Return the window of an operator with TFLite's padding."""
    options = site.options
    stride = (options.get("StrideH", 0), options.get("StrideW", 0))
    dilation = (1, 1)
    if dilated:
        dilation = (options.get("DilationHFactor", 1), options.get("DilationWFactor", 1))
    if min(*size, *stride, *dilation) < 1:
        raise UserError(f"window {size}, stride {stride} or dilation {dilation} has a size below 1")
    if AROUND in options:
        return Window(size, stride, dilation, options[AROUND])
    scheme = options.get("Padding", 0)
    if scheme == tflite.Padding.VALID:
        return Window(size, stride, dilation)
    if scheme != tflite.Padding.SAME:
        raise UserError(f"padding scheme is {scheme}; allowed: SAME, VALID")
    shape = activation_shape(site.input(0))
    if len(shape) != 3:
        raise UserError(f"its input has shape {(1, *shape)}; allowed: 4 dimensions")
    padding = []
    for axis in (0, 1):
        outputs = -(-shape[axis] // stride[axis])
        reach = (size[axis] - 1) * dilation[axis] + 1
        total = max((outputs - 1) * stride[axis] + reach - shape[axis], 0)
        padding.append((total // 2, total - total // 2))
    return Window(size, stride, dilation, (padding[0], padding[1]))


def pool_window_of(site: Site) -> Window:
    """Return the window of a pooling, whose size is an option."""
    size = (site.options.get("FilterHeight", 0), site.options.get("FilterWidth", 0))
    return window_of(site, size, dilated=False)
