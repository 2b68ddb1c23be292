"""Network layers with example contents, so that each can be looked at alone."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import TypeVar

import numpy as np
from amaranth.lib import wiring

from bittrue.flows.units.unit import Parameter, Unit, one_of, parse_flag, parse_integers
from bittrue.golden import graph
from bittrue.golden.graph import AccumulatorBounds, Encoding, FixedPoint, Requantization, Tensor
from bittrue.golden.graph.broadcast import Broadcast as BroadcastNode
from bittrue.golden.graph.clamp import Clamp as ClampNode
from bittrue.golden.graph.min_max import MinMax as MinMaxNode
from bittrue.golden.graph.multiply import Multiply as MultiplyNode
from bittrue.golden.graph.pad import Pad as PadNode
from bittrue.golden.graph.requantize import Requantize as RequantizeNode
from bittrue.golden.graph.slice import Slice as SliceNode
from bittrue.golden.graph.softmax import Softmax as SoftmaxNode
from bittrue.golden.graph.softmax16 import Softmax16 as Softmax16Node
from bittrue.golden.graph.table import Table as TableNode
from bittrue.golden.lowering.certify import certify_requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.interpolated import interpolated
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.numbers.softmax import softmax_exponential
from bittrue.golden.numbers.softmax16 import softmax16_exponential, softmax16_reciprocal
from bittrue.hdl.layers.add import AddSpec
from bittrue.hdl.layers.arg_max import ArgMaxSpec
from bittrue.hdl.layers.broadcast import BroadcastSpec
from bittrue.hdl.layers.clamp import ClampSpec
from bittrue.hdl.layers.concat import ConcatSpec
from bittrue.hdl.layers.min_max import MinMaxSpec
from bittrue.hdl.layers.multiply import MultiplySpec
from bittrue.hdl.layers.pad import PadSpec
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.fifo import MAXIMUM_DEPTH, Fifo
from bittrue.hdl.layers.parts.fork import Fork
from bittrue.hdl.layers.parts.lanes import Lanes
from bittrue.hdl.layers.parts.subsample import Subsample
from bittrue.hdl.layers.requantize import RequantizeSpec
from bittrue.hdl.layers.slice import SliceSpec
from bittrue.hdl.layers.softmax import SoftmaxSpec
from bittrue.hdl.layers.softmax16 import Softmax16Spec
from bittrue.hdl.layers.table import TableSpec


class RequantizerKind(Enum):
    """How accumulators become codes."""

    CERTIFIED = "certified"
    GENERIC = "generic"
    NONE = "none"


def example_fixed_point(
    bounds: AccumulatorBounds, output: IntegerType, entries: int, seed: int = 1
) -> FixedPoint:
    """Return a requantization under which accumulators within bounds reach most codes.

    Multipliers, as many as `entries`, are random; codes of several bits are clamped as ReLU does.
    """
    rng = np.random.default_rng(seed)
    reach = np.maximum(bounds.maximum, -bounds.minimum).max()
    scales = (1 << output.width) / reach * rng.uniform(0.4, 1.6, entries)
    spec = RequantSpec(IntegerType(48, True), output, maximum_exponent=31)
    multiplier, exponent = quantize_multiplier(scales)
    zero_point = output.minimum + (1 << output.width) // 4
    minimum = output.minimum + (output.width > 1)
    channels = RequantChannels(spec, multiplier, exponent, zero_point, minimum)
    return FixedPoint(channels, Rounding.TFLITE_DOUBLE)


def example_requantization(
    kind: RequantizerKind, bounds: AccumulatorBounds, output: IntegerType, entries: int
) -> Requantization | None:
    """Return `example_fixed_point`, or a certificate that equals it, or None."""
    if kind is RequantizerKind.NONE:
        return None
    requantization = example_fixed_point(bounds, output, entries)
    if kind is RequantizerKind.CERTIFIED:
        return certify_requantization(requantization, bounds)
    return requantization


REQUANTIZER = Parameter(
    "certified", one_of(RequantizerKind, "requantizer"), "certified, generic or none"
)
NAME = Parameter("rom", str, "prefix of the names of ROM files")
LANES = Parameter("4", int, "elements of a beat, a divisor of the channels")
OUTPUT = Parameter("int8", IntegerType.parse, "int or uint of 1 to 32 bits")

CHANNEL_REQUANT_PARAMETERS = {
    "requantizer": REQUANTIZER,
    "accumulator": Parameter("int20", IntegerType.parse, "int2 to int48"),
    "output": OUTPUT,
    "channels": Parameter("16", int, "at least 1"),
    "lanes": LANES,
    "entries": Parameter("16", int, "scales: 1, or as many as channels"),
    "bias": Parameter("yes", parse_flag, "yes or no"),
    "in_logic": Parameter("no", parse_flag, "yes to multiply by certificates in tables"),
    "name": NAME,
}


def example_bounds(accumulator: IntegerType, channels: int) -> AccumulatorBounds:
    """Return bounds within a type, other ones for each channel, as biases have them."""
    rng = np.random.default_rng(channels)
    limit = accumulator.maximum
    low, high = (
        rng.integers(-limit, -limit // 2, channels),
        rng.integers(limit // 2, limit, channels),
    )
    return AccumulatorBounds(low, high)


def example_bias(accumulator: IntegerType, channels: int) -> Int64:
    """Return a random bias for each channel."""
    limit = accumulator.maximum
    return np.random.default_rng(channels + 1).integers(-limit, limit, channels)


def _build_channel_requant(
    requantizer: RequantizerKind,
    accumulator: IntegerType,
    output: IntegerType,
    channels: int,
    lanes: int,
    entries: int,
    bias: bool,
    in_logic: bool,
    name: str,
) -> wiring.Component:
    bounds = example_bounds(accumulator, channels)
    spec = ChannelRequantSpec(
        example_requantization(requantizer, bounds, output, entries),
        accumulator,
        example_bias(accumulator, channels) if bias else None,
        channels,
        lanes,
        in_logic=in_logic,
    )
    return ChannelRequantizer(spec, name)


KIND = Parameter("int8", IntegerType.parse, "int or uint of 1 to 16 bits")


def parse_shape(text: str) -> tuple[int, ...]:
    """Read sizes joined by x, as ``8x8x16``."""
    return tuple(int(size) for size in text.split("x"))


def parse_shapes(text: str) -> tuple[tuple[int, ...], ...]:
    """Read shapes joined by commas."""
    return tuple(parse_shape(word) for word in text.split(","))


SHAPE = Parameter("8x8x16", parse_shape, "height x width x channels")

FORK_PARAMETERS = {
    "kind": KIND,
    "lanes": Parameter("4", int, "elements of a beat"),
    "outputs": Parameter("2", int, "consumers, at least 1"),
}

FIFO_PARAMETERS = {
    "kind": KIND,
    "lanes": Parameter("4", int, "elements of a beat"),
    "depth": Parameter("32", int, f"beats, 1 to {MAXIMUM_DEPTH}"),
}

LANES_PARAMETERS = {
    "kind": KIND,
    "lanes_in": Parameter("4", int, "elements of a beat in"),
    "lanes_out": Parameter("16", int, "elements of a beat out; one divides the other"),
}

PAD_PARAMETERS = {
    "kind": KIND,
    "shape": SHAPE,
    "padding": Parameter("1,1,1,1,0,0", parse_integers, "before and after, for each dimension"),
    "code": Parameter("-5", int, "code of the border"),
    "lanes": LANES,
}


def _build_pad(
    kind: IntegerType, shape: tuple[int, ...], padding: tuple[int, ...], code: int, lanes: int
) -> wiring.Component:
    pairs = tuple(zip(padding[0::2], padding[1::2], strict=False))
    node = PadNode(inputs=("x",), output="y", padding=pairs, code=code)
    tensor = Tensor.of_type("x", shape, kind)
    node.infer(tensor)
    return PadSpec(node, (tensor,), lanes).build("pad")


BROADCAST_PARAMETERS = {
    "kind": KIND,
    "of": Parameter("1x1x16", parse_shape, "shape of the operand"),
    "shape": SHAPE,
    "lanes": LANES,
}


def _build_broadcast(
    kind: IntegerType, of: tuple[int, ...], shape: tuple[int, ...], lanes: int
) -> wiring.Component:
    node = BroadcastNode(inputs=("x",), output="y", shape=shape)
    tensor = Tensor.of_type("x", of, kind)
    return BroadcastSpec(node, (tensor,), lanes).build("broadcast")


SLICE_PARAMETERS = {
    "kind": KIND,
    "shape": SHAPE,
    "begin": Parameter("0,2,0", parse_integers, "first element, for each dimension"),
    "size": Parameter("8,3,16", parse_integers, "elements taken, for each dimension"),
    "stride": Parameter("1,2,1", parse_integers, "from one to the next, for each dimension"),
    "lanes": LANES,
}


def _build_slice(
    kind: IntegerType,
    shape: tuple[int, ...],
    begin: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    lanes: int,
) -> wiring.Component:
    node = SliceNode(inputs=("x",), output="y", begin=begin, size=size, stride=stride)
    tensor = Tensor.of_type("x", shape, kind)
    node.infer(tensor)
    return SliceSpec(node, (tensor,), lanes).build("slice")


SUBSAMPLE_PARAMETERS = {
    "kind": KIND,
    "shape": SHAPE,
    "stride": Parameter("2,2", parse_integers, "in height and width"),
    "lanes": LANES,
}

CONCAT_PARAMETERS = {
    "kind": KIND,
    "shapes": Parameter("8x8x16,8x8x8", parse_shapes, "shapes of the inputs, joined by commas"),
    "axis": Parameter("2", int, "dimension along which they are joined"),
    "lanes": LANES,
}


def _build_concat(
    kind: IntegerType, shapes: tuple[tuple[int, ...], ...], axis: int, lanes: int
) -> wiring.Component:
    tensors = tuple(Tensor.of_type(f"x{n}", shape, kind) for n, shape in enumerate(shapes))
    return ConcatSpec.example(tensors, axis, lanes).build("concat")


class TableValues(Enum):
    """What a table holds."""

    RANDOM = "random"
    INTERPOLATED = "interpolated"
    SIGMOID = "sigmoid"


TABLE_PARAMETERS = {
    "kind": Parameter("int8", IntegerType.parse, "int or uint of 1 to 16 bits"),
    "output": OUTPUT,
    "shape": SHAPE,
    "lanes": LANES,
    "values": Parameter(
        "random",
        one_of(TableValues, "values"),
        "random; of 16-bit codes interpolated or sigmoid",
    ),
    "name": NAME,
}


def _table_values(values: TableValues, kind: IntegerType, output: IntegerType) -> Int64:
    """Return what a table holds for each code."""
    rng = np.random.default_rng(kind.width)
    codes = np.arange(kind.minimum, kind.maximum + 1)
    if values is TableValues.INTERPOLATED:
        return interpolated(codes, rng.integers(output.minimum, output.maximum, 513))
    if values is TableValues.SIGMOID:
        steep = np.tanh(codes / (1 << (kind.width - 3))) * (output.maximum - 1)
        return np.rint(steep).astype(np.int64) + rng.integers(0, 1, len(codes), endpoint=True)
    return rng.integers(output.minimum, output.maximum, 1 << kind.width, endpoint=True)


def _build_table(
    kind: IntegerType,
    output: IntegerType,
    shape: tuple[int, ...],
    lanes: int,
    values: TableValues,
    name: str,
) -> wiring.Component:
    held = _table_values(values, kind, output)
    node = TableNode(inputs=("x",), output="y", values=held, type=output)
    return TableSpec(node, (Tensor.of_type("x", shape, kind),), lanes).build(name)


CLAMP_PARAMETERS = {
    "kind": KIND,
    "minimum": Parameter("0", int, "code"),
    "maximum": Parameter("100", int, "code"),
    "shape": SHAPE,
    "lanes": LANES,
}


def _build_clamp(
    kind: IntegerType, minimum: int, maximum: int, shape: tuple[int, ...], lanes: int
) -> wiring.Component:
    node = ClampNode(inputs=("x",), output="y", minimum=minimum, maximum=maximum)
    return ClampSpec(node, (Tensor.of_type("x", shape, kind),), lanes).build("clamp")


ADD_PARAMETERS = {
    "kind": Parameter("int8", IntegerType.parse, "int or uint of 1 to 10 bits"),
    "inputs": Parameter("2", int, "operands, at least 1"),
    "requantizer": REQUANTIZER,
    "output": OUTPUT,
    "shape": SHAPE,
    "lanes": LANES,
    "name": NAME,
}


_Node = TypeVar("_Node", bound=graph.AccumulatingNode)


def requantized(
    node: _Node,
    tensors: Sequence[Tensor],
    requantizer: RequantizerKind,
    output: IntegerType,
    entries: int = 1,
) -> _Node:
    """Return a node with an example requantization for what it accumulates."""
    bounds = node.infer(*tensors).accumulator
    assert bounds is not None
    requantization = example_requantization(requantizer, bounds, output, entries)
    return replace(node, requantization=requantization)


def _build_add(
    kind: IntegerType,
    inputs: int,
    requantizer: RequantizerKind,
    output: IntegerType,
    shape: tuple[int, ...],
    lanes: int,
    name: str,
) -> wiring.Component:
    tensors = tuple(Tensor.of_type(f"x{n}", shape, kind) for n in range(inputs))
    spec = AddSpec.example(tensors, lanes)
    node = requantized(spec.node, tensors, requantizer, output)
    return replace(spec, node=node).build(name)


MULTIPLY_PARAMETERS = {
    "a": KIND,
    "b": KIND,
    "requantizer": REQUANTIZER,
    "output": OUTPUT,
    "shape": SHAPE,
    "lanes": LANES,
    "name": NAME,
}


def _build_multiply(
    a: IntegerType,
    b: IntegerType,
    requantizer: RequantizerKind,
    output: IntegerType,
    shape: tuple[int, ...],
    lanes: int,
    name: str,
) -> wiring.Component:
    tensors = Tensor.of_type("a", shape, a), Tensor.of_type("b", shape, b)
    encodings = Encoding(a.minimum // 3), Encoding(b.maximum // 4)
    node = MultiplyNode(inputs=("a", "b"), output="y", encodings=encodings)
    node = requantized(node, tensors, requantizer, output)
    return MultiplySpec(node, tensors, lanes).build(name)


MIN_MAX_PARAMETERS = {
    "kind": KIND,
    "greatest": Parameter("yes", parse_flag, "yes for the greater code, no for the lesser"),
    "shape": SHAPE,
    "lanes": LANES,
}


def _build_min_max(
    kind: IntegerType, greatest: bool, shape: tuple[int, ...], lanes: int
) -> wiring.Component:
    tensors = Tensor.of_type("a", shape, kind), Tensor.of_type("b", shape, kind)
    node = MinMaxNode(inputs=("a", "b"), output="y", greatest=greatest)
    return MinMaxSpec(node, tensors, lanes).build("min_max")


REQUANTIZE_PARAMETERS = {
    "kind": KIND,
    "requantizer": REQUANTIZER,
    "entries": Parameter("1", int, "scales: 1, or as many as channels"),
    "output": OUTPUT,
    "shape": SHAPE,
    "lanes": LANES,
    "name": NAME,
}


def _build_requantize(
    kind: IntegerType,
    requantizer: RequantizerKind,
    entries: int,
    output: IntegerType,
    shape: tuple[int, ...],
    lanes: int,
    name: str,
) -> wiring.Component:
    tensor = Tensor.of_type("x", shape, kind)
    encoding = Encoding(kind.minimum + (1 << kind.width) // 3)
    node = RequantizeNode(inputs=("x",), output="y", encoding=encoding)
    node = requantized(node, [tensor], requantizer, output, entries)
    return RequantizeSpec(node, (tensor,), lanes).build(name)


SOFTMAX_PARAMETERS = {
    "kind": Parameter("int8", IntegerType.parse, "int or uint of 1 to 8 bits"),
    "output": Parameter("int8", IntegerType.parse, "int or uint of 8 or 16 bits"),
    "scale": Parameter("0.0625", float, "of the input codes, above 2**-26"),
    "shape": Parameter("10", parse_shape, "the channels, fewer than 4096, and rows before them"),
    "name": NAME,
}


def _build_softmax(
    kind: IntegerType, output: IntegerType, scale: float, shape: tuple[int, ...], name: str
) -> wiring.Component:
    exponential = softmax_exponential(scale, 1.0, kind.width)
    node = SoftmaxNode(inputs=("x",), output="y", exponential=exponential, type=output)
    return SoftmaxSpec(node, (Tensor.of_type("x", shape, kind),)).build(name)


SOFTMAX16_PARAMETERS = {
    "scale": Parameter("0.0003", float, "of the input codes, 2**-28 to 2"),
    "shape": Parameter("10", parse_shape, "the channels, fewer than 65536, and rows before them"),
    "name": NAME,
}


def _build_softmax16(scale: float, shape: tuple[int, ...], name: str) -> wiring.Component:
    node = Softmax16Node(
        inputs=("x",),
        output="y",
        exponential=softmax16_exponential(scale, 1.0),
        reciprocal=softmax16_reciprocal(np.float64),
    )
    tensor = Tensor.of_type("x", shape, IntegerType(16, True))
    return Softmax16Spec(node, (tensor,)).build(name)


ARGMAX_PARAMETERS = {
    "kind": KIND,
    "shape": Parameter("12", parse_shape, "the channels, and rows before them"),
    "lanes": LANES,
}


def _build_argmax(kind: IntegerType, shape: tuple[int, ...], lanes: int) -> wiring.Component:
    return ArgMaxSpec.example(Tensor.of_type("x", shape, kind), lanes).build("arg_max")


LAYER_UNITS: dict[str, Unit] = {
    "channel_requant": Unit(
        "biases and requantizers of all channels, some channels at a time",
        _build_channel_requant,
        CHANNEL_REQUANT_PARAMETERS,
    ),
    "fork": Unit("one stream to several consumers", Fork, FORK_PARAMETERS),
    "fifo": Unit("beats kept until they are wanted", Fifo, FIFO_PARAMETERS),
    "lanes": Unit("more or fewer elements to a beat", Lanes, LANES_PARAMETERS),
    "pad": Unit("a border of one code around images", _build_pad, PAD_PARAMETERS),
    "broadcast": Unit("an operand for every pixel", _build_broadcast, BROADCAST_PARAMETERS),
    "slice": Unit("a part of images", _build_slice, SLICE_PARAMETERS),
    "subsample": Unit("some rows and columns of images", Subsample, SUBSAMPLE_PARAMETERS),
    "concat": Unit("tensors joined along a dimension", _build_concat, CONCAT_PARAMETERS),
    "table": Unit("any function of a code, by look-up", _build_table, TABLE_PARAMETERS),
    "clamp": Unit("codes limited to a range", _build_clamp, CLAMP_PARAMETERS),
    "add": Unit("sum of tensors, each scaled first", _build_add, ADD_PARAMETERS),
    "multiply": Unit("product of two tensors", _build_multiply, MULTIPLY_PARAMETERS),
    "min_max": Unit("lesser or greater of two codes", _build_min_max, MIN_MAX_PARAMETERS),
    "requantize": Unit(
        "change of scale, zero point or width", _build_requantize, REQUANTIZE_PARAMETERS
    ),
    "softmax": Unit(
        "softmax as TFLite's reference computes it", _build_softmax, SOFTMAX_PARAMETERS
    ),
    "softmax16": Unit(
        "softmax of 16-bit codes as TFLite computes it", _build_softmax16, SOFTMAX16_PARAMETERS
    ),
    "argmax": Unit("index of the largest code", _build_argmax, ARGMAX_PARAMETERS),
}
