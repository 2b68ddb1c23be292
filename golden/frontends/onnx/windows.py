"""Windows of convolutions and pooling, from ONNX's attributes."""

from dataclasses import replace

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.values import Activation
from bittrue.golden.graph import Window

WINDOW = ("auto_pad", "dilations", "pads", "strides")
"""The attributes that `window_of` reads."""


def window_of(site: Site, size: tuple[int, int], image: Activation) -> Window:
    """Return the window of a convolution or pooling over an image of the graph."""
    shape, spatial = site.builder.made(image.name).shape, len(image.layout.shape) - 1
    stride, dilation = (pair_of(site, name, image) for name in ("strides", "dilations"))
    scheme = site.text("auto_pad", "NOTSET")
    if scheme == "NOTSET":
        pads = site.sizes("pads", (0,) * 2 * spatial)
        if len(pads) != 2 * spatial:
            raise UserError(f"its pads are {pads}; allowed: {2 * spatial} sizes")
        ends = [*zip(pads[:spatial], pads[spatial:], strict=True), (0, 0)]
        return Window(size, stride, dilation, (ends[0], ends[1]))
    if scheme == "VALID":
        return Window(size, stride, dilation)
    if scheme not in ("SAME_UPPER", "SAME_LOWER"):
        raise UserError(
            f"its auto_pad is {scheme!r}; allowed: NOTSET, VALID, SAME_UPPER, SAME_LOWER"
        )
    if min(*stride, *dilation, *size) < 1:
        raise UserError(f"its strides are {stride}, its dilations {dilation}; allowed: from 1")
    padding = []
    for axis in (0, 1):
        outputs = -(-shape[axis] // stride[axis])
        reach = (size[axis] - 1) * dilation[axis] + 1
        total = max((outputs - 1) * stride[axis] + reach - shape[axis], 0)
        smaller, larger = total // 2, total - total // 2
        padding.append((smaller, larger) if scheme == "SAME_UPPER" else (larger, smaller))
    return Window(size, stride, dilation, (padding[0], padding[1]))


def pair_of(site: Site, name: str, image: Activation, default: int = 1) -> tuple[int, int]:
    """Return an attribute that is a size for each dimension of an image.

    For height and width; for the second it is `default` where the image has but one dimension.
    """
    spatial = len(image.layout.shape) - 1
    sizes = site.sizes(name, (default,) * spatial)
    if len(sizes) != spatial:
        which = "2 sizes, for height and width" if spatial == 2 else "1 size"
        raise UserError(f"its {name} are {sizes}; allowed: {which}")
    return sizes[0], sizes[1] if spatial == 2 else default


def kernel_size(site: Site, image: Activation) -> tuple[int, int]:
    """Return the attribute that is the size of a pooling's window."""
    if "kernel_shape" not in site.node.attributes:
        raise UserError("its attribute 'kernel_shape' is missing")
    return pair_of(site, "kernel_shape", image)


def pool_window_of(site: Site, size: tuple[int, int], image: Activation) -> Window:
    """Return the window of a pooling, whose outputs may be rounded up."""
    window = window_of(site, size, image)
    if not site.integer("ceil_mode", 0):
        return window
    shape = site.builder.made(image.name).shape
    padding = []
    for axis in (0, 1):
        before, after = window.padding[axis]
        reach = (size[axis] - 1) * window.dilation[axis] + 1
        rest = (shape[axis] + before + after - reach) % max(window.stride[axis], 1)
        more = window.stride[axis] - rest if rest else 0
        # A window that would start in the padding behind is left out.
        last = shape[axis] + before + after - reach + more
        padding.append((before, after + more if last < shape[axis] + before else after))
    return replace(window, padding=(padding[0], padding[1]))
