"""GlobalAveragePool, QLinearGlobalAveragePool and ReduceMean."""

import math

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.averages import averaged, coded_image, quantized_average
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import plain
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.movement import normalized
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import Accumulated, Real
from bittrue.golden.graph.mean import Mean


@converts("GlobalAveragePool")
def _global_average_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    site.set(_global_average(site, plain(site, 0), explicit=False))


def _global_average(site: Site, source: Real, explicit: bool) -> Accumulated:
    image = site.image(source.activation)
    codes = site.builder.made(image.name)
    height, width, channels = codes.shape
    node = Mean(
        inputs=(image.name,),
        output="sum",
        axes=(0, 1),
        keep_dimensions=True,
        encoding=source.encoding,
    )
    layout = site.image_layout((1, 1, channels), image)
    return averaged(source, node, layout, "global average", height * width, explicit, codes)


@converts("ReduceMean", attributes=("axes", "keepdims", "noop_with_empty_axes"))
def _reduce_mean(site: Site, arithmetic: OnnxArithmetic) -> None:
    source = plain(site, 0)
    shape = source.activation.layout.shape
    rank = len(shape)
    listed = site.integers(1) if site.has(1) else site.sizes("axes", tuple(range(rank + 1)))
    axes = normalized(listed, rank + 1)
    if 0 in axes or not axes:
        raise UserError(f"its axes are {listed}; allowed: dimensions but the batch")
    keep = bool(site.integer("keepdims", 1))
    order = source.activation.layout.held_order()
    arranged = site.builder.arranged(source.activation, order)
    node = Mean(
        inputs=(arranged.name,),
        output="sum",
        axes=tuple(sorted(order.index(axis - 1) for axis in axes)),
        keep_dimensions=keep,
        encoding=source.encoding,
    )
    codes = site.builder.made(arranged.name)
    sizes = node.infer(codes).tensor.shape
    left = [axis for axis in order if keep or axis + 1 not in axes]
    layout = Layout.ordered(sizes, [sorted(left).index(axis) for axis in left])
    count = math.prod(shape[axis - 1] for axis in axes)
    site.set(averaged(source, node, layout, "mean", count, explicit=False, codes=codes))


@converts("QLinearGlobalAveragePool", domains=(MICROSOFT,), attributes=("channels_last",), inputs=5)
def _qlinear_global_average_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _global_average(site, coded_image(site), explicit=True)
    site.set(quantized_average(site, value, arithmetic))
