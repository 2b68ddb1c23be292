"""Pooling and means."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic, scale_of
from golden.frontends.onnx.builder import Site
from golden.frontends.onnx.layout import Layout
from golden.frontends.onnx.operators.elementwise import coded_operand
from golden.frontends.onnx.operators.matrix import plain
from golden.frontends.onnx.operators.movement import normalized
from golden.frontends.onnx.operators.quantization import NUMBERS, UINT8, quantizer_of
from golden.frontends.onnx.operators.registry import CHANNELS_LAST, MICROSOFT, STANDARD, converts
from golden.frontends.onnx.operators.windows import WINDOW, kernel_size, window_of
from golden.frontends.onnx.quantize import quantize
from golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    Kernel,
    Later,
    Real,
    fractions,
    one_fraction,
)
from golden.graph import (
    Constant,
    Encoding,
    MaxPool,
    Mean,
    Multiply,
    SumPool,
    Window,
)
from golden.graph.tensor import MAXIMUM_CODE_WIDTH
from golden.numbers.integer_type import IntegerType

AVERAGE = (*WINDOW, "ceil_mode", "count_include_pad", "kernel_shape")

Windows = tuple[tuple[int, int], ...]
"""How many numbers windows add, and by what each sum is divided."""


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
    site.set(_averaged(site, plain(site, 0), arithmetic, explicit=False))


def _averaged(site: Site, source: Real, arithmetic: OnnxArithmetic, explicit: bool) -> Accumulated:
    image = site.image(source.activation)
    size = kernel_size(site)
    window = _pooling_window(site, size, image)
    node = SumPool(inputs=(image.name,), output="sum", window=window, encoding=source.encoding)
    tensor = site.builder.made(image.name)
    height, width, channels = node.infer(tensor).tensor.shape
    layout = site.image_layout(height, width, channels)
    counts = _counts(site, window, size, image, arithmetic)
    inside = window.taps_inside(tensor.shape)
    windows = tuple(sorted(set(zip(inside.ravel().tolist(), counts.ravel().tolist(), strict=True))))
    whole = size == tensor.shape[:2] and window.padding == ((0, 0), (0, 0))
    if np.ptp(counts) == 0:
        count = int(counts.flat[0])
        value = _mean(site, source, node, layout, "average", count, windows, explicit)
    else:
        value = _border_averages(site, source, node, layout, counts, windows, explicit)
    assert value.kernel is not None
    return replace(value, kernel=replace(value.kernel, whole=whole))


def _counts(
    site: Site,
    window: Window,
    size: tuple[int, int],
    image: Activation,
    arithmetic: OnnxArithmetic,
) -> NDArray[np.int64]:
    """Return by how many numbers the sum of each window is divided, shape (height, width).

    The padding that the file declares may count; what a ceiling adds does not, but in ONNX
    Runtime's integer kernel.
    """
    shape = site.builder.made(image.name).shape
    if not site.integer("count_include_pad", 0):
        return window.taps_inside(shape)
    if arithmetic.name != OnnxArithmetic.name:
        return np.full(window.output_size(shape), window.taps)
    declared = window_of(site, size, image).padding
    padded = tuple(shape[axis] + sum(declared[axis]) for axis in (0, 1))
    added = tuple((0, window.padding[axis][1] - declared[axis][1]) for axis in (0, 1))
    within = replace(window, padding=(added[0], added[1]))
    return within.taps_inside((*padded, 1))


def _border_averages(
    site: Site,
    source: Real,
    node: SumPool,
    layout: Layout,
    counts: NDArray[np.int64],
    windows: Windows,
    explicit: bool,
) -> Accumulated:
    """Return averages over several counts: sums times a common multiple of the counts over each."""
    different = tuple(np.unique(counts).tolist())
    multiple = math.lcm(*different)
    sums = site.builder.add(replace(node, output=f"{site.output}/sums"), layout)
    kind = IntegerType.spanning(0, multiple // different[0])
    if max(sums.type.width, kind.width) > MAXIMUM_CODE_WIDTH:
        raise UserError(
            f"it averages over {', '.join(map(str, different))} numbers, which needs more than "
            f"{MAXIMUM_CODE_WIDTH} bits; allowed: smaller windows, or padding that counts"
        )
    factors = Constant(
        inputs=(),
        output=f"{site.output}/factors",
        values=(multiple // counts)[:, :, None],
        type=kind,
    )
    site.builder.add(factors, Layout.same(factors.values.shape))
    product = Multiply(
        inputs=(sums.name, factors.output), output="sum", encodings=(Encoding(), Encoding())
    )
    return _mean(site, source, product, layout, "average", multiple, windows, explicit)


def _mean(
    site: Site,
    source: Real,
    node: SumPool | Mean | Multiply,
    layout: Layout,
    name: str,
    count: int,
    windows: Windows,
    explicit: bool,
) -> Accumulated:
    codes = site.builder.made(source.activation.name)
    reached = source.encoding.decode(np.array([codes.minimum, codes.maximum]))
    kernel = Kernel(
        name,
        (scale_of(source).reshape(1),),
        (source.activation.type,),
        count,
        windows,
        reach=(int(reached[0]), int(reached[1])),
        explicit=explicit,
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
    count = height * width
    windows = ((count, count),)
    return _mean(site, source, node, layout, "global average", count, windows, explicit)


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
    site.set(_mean(site, source, node, layout, "mean", count, ((count, count),), explicit=False))


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
    if whole:
        value = _global_average(site, source, explicit=True)
    else:
        value = _averaged(site, source, arithmetic, explicit=True)
    quantizer = quantizer_of(site, 3, 4, UINT8)
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made))
