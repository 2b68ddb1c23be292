"""Pooling and means."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from golden.errors import UserError
from golden.graph import MaxPool, Mean, SumPool, Window
from golden.onnx_import.arithmetic import OnnxArithmetic, scale_of
from golden.onnx_import.builder import Site
from golden.onnx_import.layout import Layout
from golden.onnx_import.operators.elementwise import coded_operand
from golden.onnx_import.operators.matrix import plain
from golden.onnx_import.operators.movement import normalized
from golden.onnx_import.operators.quantization import NUMBERS, UINT8, quantizer_of
from golden.onnx_import.operators.registry import CHANNELS_LAST, MICROSOFT, STANDARD, converts
from golden.onnx_import.operators.windows import WINDOW, kernel_size, window_of
from golden.onnx_import.quantize import quantize
from golden.onnx_import.values import (
    Accumulated,
    Activation,
    Codes,
    Kernel,
    Later,
    Real,
    fractions,
    one_fraction,
)

AVERAGE = (*WINDOW, "ceil_mode", "count_include_pad", "kernel_shape")


@converts(
    "MaxPool",
    domains=(STANDARD, CHANNELS_LAST),
    attributes=(*WINDOW, "ceil_mode", "kernel_shape", "storage_order"),
    inputs=1,
)
@converts("GlobalMaxPool")
def _max_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    whole = site.node.operator == "GlobalMaxPool"
    if site.integer("storage_order", 0):
        raise UserError("its storage_order is 1; allowed: 0")

    def pool(source: Activation, name: str) -> Activation:
        image = site.image(source)
        tensor = site.builder.made(image.name)
        size = (tensor.shape[0], tensor.shape[1]) if whole else kernel_size(site)
        window = Window(size) if whole else _pooling_window(site, size, image)
        node = MaxPool(
            inputs=(image.name,),
            output=name,
            window=window,
            minimum=tensor.type.minimum,
            maximum=tensor.type.maximum,
        )
        height, width, channels = node.infer(tensor).tensor.shape
        return site.builder.add(node, site.image_layout(height, width, channels))

    if isinstance(value, Codes):
        site.set(Codes(pool(value.activation, site.output)))
        return

    def arrange(parts: list[Activation], name: str, code: Callable[[Fraction], int]) -> Activation:
        return pool(parts[0], name)

    site.set(Later((value,), arrange))


def _pooling_window(site: Site, size: tuple[int, int], image: Activation) -> Window:
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


@converts("AveragePool", attributes=AVERAGE)
def _average_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    site.set(_averaged(site, plain(site, 0), explicit=False))


def _averaged(site: Site, source: Real, explicit: bool) -> Accumulated:
    image = site.image(source.activation)
    size = kernel_size(site)
    window = _pooling_window(site, size, image)
    padded = any(sum(pair) for pair in window.padding)
    if padded and (not site.integer("count_include_pad", 0) or site.integer("ceil_mode", 0)):
        raise UserError(
            "it averages over fewer numbers at the border; allowed: no padding, or "
            "count_include_pad 1 without ceil_mode"
        )
    node = SumPool(inputs=(image.name,), output="sum", window=window, encoding=source.encoding)
    height, width, channels = node.infer(site.builder.made(image.name)).tensor.shape
    return _mean(
        source, node, site.image_layout(height, width, channels), "average", window.taps, explicit
    )


def _mean(
    source: Real, node: SumPool | Mean, layout: Layout, name: str, count: int, explicit: bool
) -> Accumulated:
    kernel = Kernel(
        name, (scale_of(source).reshape(1),), (source.activation.type,), count, explicit
    )
    return Accumulated(node, layout, one_fraction(source.scale / count), fractions([0.0]), kernel)


@converts("GlobalAveragePool")
def _global_average_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    site.set(_global_average(site, plain(site, 0), explicit=False))


def _global_average(site: Site, source: Real, explicit: bool) -> Accumulated:
    image = site.image(source.activation)
    height, width, channels = site.builder.made(image.name).shape
    node = Mean(
        inputs=(image.name,),
        output="sum",
        axes=(0, 1),
        keep_dimensions=True,
        encoding=source.encoding,
    )
    layout = site.image_layout(1, 1, channels)
    return _mean(source, node, layout, "global average", height * width, explicit)


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
    sizes = node.infer(site.builder.made(arranged.name)).tensor.shape
    left = [axis for axis in order if keep or axis + 1 not in axes]
    layout = Layout.ordered(sizes, [sorted(left).index(axis) for axis in left])
    count = math.prod(shape[axis - 1] for axis in axes)
    site.set(_mean(source, node, layout, "mean", count, explicit=False))


@converts(
    "QLinearAveragePool", domains=(MICROSOFT,), attributes=(*AVERAGE, "channels_last"), inputs=5
)
@converts("QLinearGlobalAveragePool", domains=(MICROSOFT,), attributes=("channels_last",), inputs=5)
def _qlinear_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs x, x_scale, x_zero_point, y_scale, y_zero_point."""
    if site.integer("channels_last", 0):
        raise UserError("its channels_last is 1; allowed: 0")
    source = coded_operand(site, 0)
    if not isinstance(source, Real):
        raise UserError("its input is a constant")
    whole = site.node.operator == "QLinearGlobalAveragePool"
    value = (_global_average if whole else _averaged)(site, source, explicit=True)
    quantizer = quantizer_of(site, 3, 4, UINT8)
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made))
