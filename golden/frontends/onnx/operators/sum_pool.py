"""AveragePool and QLinearAveragePool: sums whose division is part of the scale."""

import math
from dataclasses import replace

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.averages import averaged, coded_image, quantized_average
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import plain
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import Accumulated, Activation, Real
from bittrue.golden.frontends.onnx.windows import WINDOW, kernel_size, pool_window_of, window_of
from bittrue.golden.graph import Encoding, Window
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH

AVERAGE = (*WINDOW, "ceil_mode", "count_include_pad", "kernel_shape")


@converts("AveragePool", attributes=AVERAGE)
def _average_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    site.set(_averaged(site, plain(site, 0), arithmetic, explicit=False))


def _averaged(site: Site, source: Real, arithmetic: OnnxArithmetic, explicit: bool) -> Accumulated:
    image = site.image(source.activation)
    size = kernel_size(site, image)
    window = pool_window_of(site, size, image)
    node = SumPool(inputs=(image.name,), output="sum", window=window, encoding=source.encoding)
    tensor = site.builder.made(image.name)
    layout = site.image_layout(node.infer(tensor).tensor.shape, image)
    counts = _counts(site, window, size, image, arithmetic)
    inside = window.taps_inside(tensor.shape)
    windows = tuple(sorted(set(zip(inside.ravel().tolist(), counts.ravel().tolist(), strict=True))))
    whole = size == tensor.shape[:2] and window.padding == ((0, 0), (0, 0))
    count = math.lcm(*(divisor for _, divisor in windows))
    summed = node if np.ptp(counts) == 0 else _border_sums(site, node, layout, counts, count)
    return averaged(source, summed, layout, "average", count, explicit, tensor, windows, whole)


def _counts(
    site: Site,
    window: Window,
    size: tuple[int, int],
    image: Activation,
    arithmetic: OnnxArithmetic,
) -> Int64:
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


def _border_sums(
    site: Site, node: SumPool, layout: Layout, counts: Int64, multiple: int
) -> Multiply:
    """Return sums times a common multiple of the counts of their windows over each."""
    different = tuple(np.unique(counts).tolist())
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
    return Multiply(
        inputs=(sums.name, factors.output), output="sum", encodings=(Encoding(), Encoding())
    )


@converts(
    "QLinearAveragePool", domains=(MICROSOFT,), attributes=(*AVERAGE, "channels_last"), inputs=5
)
def _qlinear_average_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = _averaged(site, coded_image(site), arithmetic, explicit=True)
    site.set(quantized_average(site, value, arithmetic))
