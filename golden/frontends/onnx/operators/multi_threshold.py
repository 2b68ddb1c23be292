"""MultiThreshold of QONNX and FINN: how many thresholds a number reaches."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.certificates.certificate import CertificateError, Reference
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import per_channel
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.exact import exact_requantization
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.quantize import accumulated_codes, with_positive_scale
from bittrue.golden.frontends.onnx.quantizer import Quantizer, finite_fraction
from bittrue.golden.frontends.onnx.registry import QONNX, converts
from bittrue.golden.frontends.onnx.values import Accumulated, Limits, Real, fractions, one_fraction
from bittrue.golden.graph import (
    AccumulatingNode,
    AccumulatorBounds,
    Encoding,
    Quantization,
    Requantization,
)
from bittrue.golden.graph.add import Addend, summed
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.table import Table
from bittrue.golden.lowering.integer_requant import integer_requantization
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.rounding import Rounding

_MOST_THRESHOLDS = 255
_MOST_COMPARISONS = 15
"""That are made one by one, where no multiplier makes all."""
_UINT1 = IntegerType(1, False)
_LAYOUTS = {1: "NC", 2: "NWC", 3: "NCHW"}
"""What qonnx takes a tensor for that has no layout, by its dimensions without the batch."""


@converts(
    "MultiThreshold",
    domains=(QONNX,),
    attributes=("data_layout", "out_bias", "out_dtype", "out_scale"),
    inputs=2,
)
def _multi_threshold(site: Site, arithmetic: OnnxArithmetic) -> None:
    """QONNX MultiThreshold: ``out_scale * (thresholds not above x) + out_bias``."""
    value = site.take(0, Real, Accumulated)
    thresholds = _ascending_thresholds(site)
    count = thresholds.shape[1]
    encoding, scale = _meaning(site, count)
    kind = IntegerType(max(count.bit_length(), 1), False)
    if encoding.zero_point not in kind:
        raise UserError(
            f"its out_bias is {-encoding.zero_point} of its steps; allowed: 0 to {-kind.maximum}"
        )
    name, builder = site.output, site.builder
    if isinstance(value, Real) and len(thresholds) == 1 and not value.functions:
        source = value.activation
        codes = np.arange(source.type.minimum, source.type.maximum + 1)
        units = value.encoding.decode(codes)
        limits = _in_units(thresholds, fractions([value.scale]), fractions([0.0]))
        counts = np.searchsorted(limits[0], units, side="right")
        made = builder.add(
            Table(inputs=(source.name,), output=name, values=counts, type=kind),
            source.layout,
            Quantization(scale, encoding),
        )
        site.set(Real(made, Quantization(scale, encoding)))
        return
    if isinstance(value, Real):
        if value.functions:
            raise UserError(
                "its input has passed an activation function since it was quantized; put a "
                "quantizer between"
            )
        value = accumulated_codes(_channels_last(site, value), builder)
    if value.limits != Limits():
        raise UserError("an activation limits its input; its thresholds can say the same")
    value = with_positive_scale(value)
    thresholds = _of_channels(site, value, thresholds)
    limits = _in_units(thresholds, value.scale, value.offset)
    bounds, meaning = builder.bounds(value.node), Quantization(scale, encoding)
    try:
        requantization = _requantization(limits, bounds, kind)
        node: AccumulatingNode = replace(value.node, output=name, requantization=requantization)
    except CertificateError as error:
        if count > _MOST_COMPARISONS:
            reason = str(error).split(";")[0]
            raise UserError(
                f"its thresholds are too far from those of any quantizer: {reason}; allowed: any "
                f"{_MOST_COMPARISONS}"
            ) from None
        node = _counted(site, value, limits, kind)
    made = builder.add(node, value.layout, meaning)
    site.set(Real(made, meaning))


def _counted(site: Site, value: Accumulated, limits: Int64, kind: IntegerType) -> AccumulatingNode:
    """Return the sum of comparisons, for thresholds that lie as they want."""
    builder = site.builder
    sums = builder.add(
        replace(value.node, output=builder.unused_name(f"{site.output}/sums")), value.layout
    )
    single = Requantize(inputs=(sums.name,), output=site.output, encoding=Encoding())
    reached = []
    for step in range(limits.shape[1]):
        compares = _requantization(limits[:, step : step + 1], builder.bounds(single), _UINT1)
        name = f"{site.output}/reached {step}"
        builder.add(replace(single, output=name, requantization=compares), value.layout)
        reached.append(name)
    whole = Quantizer.of_type(kind, Fraction(1))
    total = summed(tuple(reached), site.output, (Addend(Encoding()),) * len(reached))
    one, none = one_fraction(Fraction(1)), fractions([0.0])
    same = exact_requantization(builder.bounds(total), one, none, Limits(), whole)
    return replace(total, requantization=same)


def _ascending_thresholds(site: Site) -> Float64:
    """Return the thresholds, (channels or 1, steps), in the order in which they are reached."""
    thresholds = np.asarray(site.numbers(1), dtype=np.float64)
    if thresholds.ndim != 2 or not 1 <= thresholds.shape[1] <= _MOST_THRESHOLDS:
        raise UserError(
            f"its thresholds have shape {thresholds.shape}; allowed: one row, or one for each "
            f"channel, of 1 to {_MOST_THRESHOLDS}"
        )
    if np.isnan(thresholds).any():
        raise UserError("its thresholds are no numbers")
    return np.sort(thresholds, axis=1).clip(-(2.0**60), 2.0**60)


def _meaning(site: Site, count: int) -> tuple[Encoding, Fraction]:
    """Return what counts stand for."""
    scale = finite_fraction(float(np.float32(site.number("out_scale", 1.0))))
    bias = finite_fraction(float(np.float32(site.number("out_bias", 0.0))))
    if scale <= 0:
        raise UserError(f"its out_scale is {float(scale)}; allowed: positive")
    if count == 1 and bias == -scale / 2:
        return Encoding(bipolar=True), scale / 2
    zero_point = -bias / scale
    if zero_point.denominator != 1:
        raise UserError(
            f"its out_bias {float(bias)} is no whole number of its out_scale {float(scale)}"
        )
    return Encoding(int(zero_point)), scale


def _channel_axis(site: Site, rank: int) -> int:
    """Return the dimension of the channels, without the batch."""
    order = site.text("data_layout", "") or _LAYOUTS.get(rank, "NC")
    axis = order.index("C") if "C" in order else 1
    if not 1 <= axis <= rank:
        raise UserError(f"its data_layout is {order!r}; allowed: one with C after N")
    return axis - 1


def _channels_last(site: Site, value: Real) -> Real:
    """Return codes whose channels are the graph's last dimension."""
    shape = value.activation.layout.shape
    axis = _channel_axis(site, len(shape))
    order = (*(each for each in range(len(shape)) if each != axis), axis)
    if value.activation.layout.lies_as(order):
        return value
    moved = site.builder.arranged(value.activation, order)
    layout = Layout.ordered(tuple(shape[each] for each in order), order)
    return replace(value, activation=replace(moved, layout=layout))


def _of_channels(site: Site, value: Accumulated, thresholds: Float64) -> Float64:
    """Return one row of thresholds for each channel of the graph, or one for all."""
    if len(thresholds) == 1:
        return thresholds
    rank = len(value.layout.shape)
    numbers = np.arange(len(thresholds), dtype=np.float64)
    placed = numbers.reshape(-1, *(1,) * (rank - 1 - _channel_axis(site, rank)))
    chosen = [int(number) for number in per_channel(placed, value.layout)]
    return thresholds[chosen]


def _in_units(
    thresholds: Float64, scale: NDArray[np.object_], offset: NDArray[np.object_]
) -> Int64:
    """Return the least accumulator that reaches each threshold, exactly."""
    rows = max(len(thresholds), len(scale), len(offset))
    wide = np.broadcast_to(thresholds, (rows, thresholds.shape[1]))
    scales, offsets = (np.broadcast_to(values, (rows,)) for values in (scale, offset))
    limits = np.empty(wide.shape, dtype=np.int64)
    for row in range(rows):
        if scales[row] == 0:
            raise UserError("a scale before it is zero; leave the channel out")
        for step, threshold in enumerate(wide[row].tolist()):
            exact = (Fraction(threshold) - offsets[row]) / scales[row]
            least = -(-exact.numerator // exact.denominator)
            limits[row, step] = max(min(least, 1 << 60), -(1 << 60))
    return limits


def _requantization(limits: Int64, bounds: AccumulatorBounds, kind: IntegerType) -> Requantization:
    """Return the integers that count the limits that accumulators reach.

    Raises
    ------
    CertificateError
        If there are none: the limits are too far from those of any quantizer.
    """
    count = limits.shape[1]

    def reference_of(channels: slice) -> Reference:
        rows = limits if len(limits) == 1 else limits[channels]

        def reference(accumulator: Int64) -> Int64:
            reached = np.zeros(np.broadcast_shapes(accumulator.shape, rows.shape[:1]), np.int64)
            for step in range(count):
                reached += accumulator >= rows[:, step]
            return reached

        return reference

    first, last = (limits[:, step].clip(-(1 << 40), 1 << 40) for step in (0, -1))
    # The line on which step k is reached at k - 1/2, as a quantizer's is.
    scale = np.where(last > first, (count - 1) / np.maximum(last - first, 1), 1.0)
    offset = 0.5 - scale * (first - 0.5)
    return integer_requantization(
        reference_of, bounds, scale, Rounding.FLOOR, kind, 0, (0, count), offset=offset + 0.5
    )
