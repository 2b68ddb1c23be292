"""A float network and its scales as an integer graph.

Graphs are channels-last: an image (channels, height, width) becomes (height, width, channels).
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from golden import graph as integer
from golden.affine import AffineMap, QuantizeRounding
from golden.errors import UserError
from golden.graph import Addend, Encoding, FixedPoint, Graph, Node, Quantization, Tensor
from golden.integer_type import IntegerType
from golden.multiplier import TFLITE_MULTIPLIER_WIDTH, convolution_scale, quantize_multiplier
from golden.requant_spec import RequantChannels, RequantSpec
from golden.softmax import softmax_exponential
from golden.torch_import.float_network import (
    Add,
    AveragePool,
    Clamp,
    Concat,
    Convolution,
    FloatNetwork,
    Layer,
    Linear,
    Matrix,
    MaxPool,
    Mean,
    Multiply,
    Pad,
    Pointwise,
    Range,
    Reshape,
    Softmax,
    SumPool,
)
from golden.torch_import.plan import Plan

Int64 = NDArray[np.int64]
Shape = tuple[int, ...]


_NARROW_ACCUMULATOR = IntegerType(32, True)
_WIDE_ACCUMULATOR = IntegerType(48, True)
"""For activations of more than 8 bits."""


def lower(network: FloatNetwork, plan: Plan) -> Graph:
    """Return the integer graph of a network.

    Raises
    ------
    UserError
        Naming the layer and why no integer node computes it.
    """
    context = _Context(network, plan)
    nodes = []
    for layer in network.layers:
        try:
            nodes.append(lower_layer(layer, context))
        except UserError as error:
            kind = type(layer).__name__.lower()
            raise UserError(f"layer {layer.output!r} ({kind}): {error}") from error
    for name in network.outputs:
        if name in context.order:
            raise UserError(
                f"output {name!r} is a flattened image, whose features the channels-last graph "
                "holds in another order; end the module with the image, or with a layer after it"
            )
    return Graph(
        inputs=tuple(
            Tensor.of_type(name, channels_last(network.shapes[name]), plan.activations[name].codes)
            for name in network.inputs
        ),
        nodes=tuple(nodes),
        outputs=network.outputs,
        quantization={name: context.quantization(name) for name in network.shapes},
    )


def channels_last(shape: Shape) -> Shape:
    """Return the graph's shape of a tensor of torch's shape, both without the batch."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def channels_last_axis(axis: int, rank: int) -> int:
    """Return the graph's axis of torch's axis, both without the batch."""
    return (axis - 1) % 3 if rank == 3 else axis


@dataclass
class _Context:
    """What layers are lowered with.

    Parameters
    ----------
    network : FloatNetwork
    plan : Plan
    order : dict of str to ndarray
        For a flattened image: which of torch's features each feature of the graph is.
    """

    network: FloatNetwork
    plan: Plan
    order: dict[str, Int64] = field(default_factory=dict)

    def map(self, name: str) -> AffineMap:
        return self.plan.activations[name]

    def scale(self, name: str) -> float:
        return float(self.map(name).scale[0])

    def encoding(self, name: str) -> Encoding:
        return Encoding(int(self.map(name).zero_point[0]))

    def quantization(self, name: str) -> Quantization:
        return Quantization(Fraction(self.scale(name)), self.encoding(name))

    def requantization(self, output: str, scale: ArrayLike, clamp: Range) -> FixedPoint:
        """Return the requantization of accumulators of a given scale, relative to the output."""
        kind = self.map(output).codes
        accumulator = _NARROW_ACCUMULATOR if kind.width <= 8 else _WIDE_ACCUMULATOR
        spec = RequantSpec(accumulator, kind, roundings=(self.plan.scheme.rounding,))
        multiplier, exponent = quantize_multiplier(scale, TFLITE_MULTIPLIER_WIDTH)
        zero_point = self.encoding(output).zero_point
        limits = self.limits(output, clamp)
        channels = RequantChannels(spec, multiplier, exponent, zero_point, *limits)
        return FixedPoint(channels, self.plan.scheme.rounding)

    def limits(self, name: str, clamp: Range) -> tuple[int, int]:
        """Return the codes of an activation's limits, as TFLite rounds them."""
        low, high = self.map(name).quantize(torch.tensor(clamp), QuantizeRounding.HALF_AWAY)
        return int(low), int(high)

    def keep_order(self, layer: Layer) -> None:
        """Pass the order of a flattened image on through a layer that treats features alike."""
        usual = _torch_order(self.network.shapes[layer.output])
        first, *others = (self.order.get(name, usual) for name in layer.inputs)
        if not all(np.array_equal(order, first) for order in others):
            raise UserError("its inputs are images flattened differently; flatten after it")
        if first is not usual:
            self.order[layer.output] = first

    def refuse_order(self, layer: Layer) -> None:
        """Refuse a flattened image as input."""
        if any(name in self.order for name in layer.inputs):
            raise UserError(
                "its input is a flattened image; allowed after flatten: linear layers and "
                "functions of single values"
            )


@singledispatch
def lower_layer(layer: Layer, context: _Context) -> Node:
    """Return the integer node of a layer."""
    raise UserError("no integer node computes it")


@lower_layer.register
def _(layer: Convolution, context: _Context) -> Node:
    return integer.Convolution(
        inputs=layer.inputs,
        output=layer.output,
        weight=_weight_codes(layer, context).transpose(0, 2, 3, 1),
        weight_type=context.plan.scheme.weight,
        bias=_bias_codes(layer, context),
        input_encoding=context.encoding(layer.inputs[0]),
        requantization=_matrix_requantization(layer, context),
        window=layer.window,
        groups=layer.groups,
    )


@lower_layer.register
def _(layer: Linear, context: _Context) -> Node:
    weight = _weight_codes(layer, context)
    order = context.order.get(layer.inputs[0])
    return integer.FullyConnected(
        inputs=layer.inputs,
        output=layer.output,
        weight=weight if order is None else weight[:, order],
        weight_type=context.plan.scheme.weight,
        bias=_bias_codes(layer, context),
        input_encoding=context.encoding(layer.inputs[0]),
        requantization=_matrix_requantization(layer, context),
    )


def _weight_codes(layer: Matrix, context: _Context) -> Int64:
    codes: Int64 = context.plan.weights[layer.output].quantize(layer.weight).numpy()
    return codes


def _bias_codes(layer: Matrix, context: _Context) -> Int64:
    """Return ``round_half_even(bias / (input scale * weight scale))``."""
    weight_scale = context.plan.weights[layer.output].scale.astype(np.float64)
    scale = context.scale(layer.inputs[0]) * weight_scale
    return np.rint(layer.bias.to(torch.float64).numpy() / scale).astype(np.int64)


def _matrix_requantization(layer: Matrix, context: _Context) -> FixedPoint:
    scale = convolution_scale(
        context.scale(layer.inputs[0]),
        context.plan.weights[layer.output].scale,
        context.scale(layer.output),
    )
    return context.requantization(layer.output, scale, layer.clamp)


@lower_layer.register
def _(layer: Add, context: _Context) -> Node:
    """Lower as TFLite's ADD and SUB: operands in fixed point at twice the larger scale."""
    context.keep_order(layer)
    left_shift = 20 if context.map(layer.output).codes.width <= 8 else 15
    common = 2 * max(context.scale(name) for name in layer.inputs)
    addends = []
    for position, name in enumerate(layer.inputs):
        multiplier, exponent = quantize_multiplier(context.scale(name) / common)
        addends.append(
            Addend(
                context.encoding(name),
                int(multiplier),
                half_up_shift=TFLITE_MULTIPLIER_WIDTH - left_shift,
                half_away_shift=-int(exponent),
                subtract=layer.subtract and position == 1,
            )
        )
    scale = common / ((1 << left_shift) * context.scale(layer.output))
    return integer.Add(
        inputs=layer.inputs,
        output=layer.output,
        addends=tuple(addends),
        requantization=context.requantization(layer.output, scale, layer.clamp),
    )


@lower_layer.register
def _(layer: Multiply, context: _Context) -> Node:
    context.refuse_order(layer)
    first, second = layer.inputs
    in_first, in_second, out = (np.float32(context.scale(n)) for n in (first, second, layer.output))
    scale = float(in_first * in_second / out)  # In float32, as TFLite's MUL computes it.
    return integer.Multiply(
        inputs=layer.inputs,
        output=layer.output,
        encodings=(context.encoding(first), context.encoding(second)),
        requantization=context.requantization(layer.output, scale, layer.clamp),
    )


@lower_layer.register
def _(layer: SumPool, context: _Context) -> Node:
    scale = context.scale(layer.inputs[0]) / (layer.divisor * context.scale(layer.output))
    return integer.SumPool(
        inputs=layer.inputs,
        output=layer.output,
        window=layer.window,
        encoding=context.encoding(layer.inputs[0]),
        requantization=context.requantization(layer.output, scale, layer.clamp),
    )


@lower_layer.register
def _(layer: Mean, context: _Context) -> Node:
    context.refuse_order(layer)
    (source,) = layer.inputs
    shape = context.network.shapes[source]
    if len(shape) == 3 and not layer.keep_dimensions and layer.dimensions not in _WHOLE_IMAGES:
        raise UserError(
            f"it averages dimensions {layer.dimensions} of {shape} away, which leaves no image "
            "or features; average height and width, or keep the dimensions"
        )
    axes = sorted(channels_last_axis(axis, len(shape)) for axis in layer.dimensions)
    count = int(np.prod([shape[axis] for axis in layer.dimensions]))
    scale = context.scale(source) / (count * context.scale(layer.output))
    return integer.Mean(
        inputs=layer.inputs,
        output=layer.output,
        axes=tuple(axes),
        keep_dimensions=layer.keep_dimensions,
        encoding=context.encoding(source),
        requantization=context.requantization(layer.output, scale, layer.clamp),
    )


_WHOLE_IMAGES = ((1, 2), (0, 1, 2))


@lower_layer.register
def _(layer: AveragePool, context: _Context) -> Node:
    minimum, maximum = _all_codes(context.map(layer.output))
    return integer.AveragePool(
        inputs=layer.inputs,
        output=layer.output,
        window=layer.window,
        minimum=minimum,
        maximum=maximum,
    )


@lower_layer.register
def _(layer: MaxPool, context: _Context) -> Node:
    minimum, maximum = _all_codes(context.map(layer.output))
    return integer.MaxPool(
        inputs=layer.inputs,
        output=layer.output,
        window=layer.window,
        minimum=minimum,
        maximum=maximum,
    )


def _all_codes(mapping: AffineMap) -> tuple[int, int]:
    return mapping.minimum, mapping.maximum


@lower_layer.register
def _(layer: Clamp, context: _Context) -> Node:
    context.keep_order(layer)
    minimum, maximum = context.limits(layer.output, layer.limits)
    return integer.Clamp(inputs=layer.inputs, output=layer.output, minimum=minimum, maximum=maximum)


@lower_layer.register
def _(layer: Pointwise, context: _Context) -> Node:
    """Tabulate the function: dequantize every code, compute in float32, quantize."""
    context.keep_order(layer)
    source, target = context.map(layer.inputs[0]), context.map(layer.output)
    codes = torch.arange(source.codes.minimum, source.codes.maximum + 1)
    values = target.quantize(layer.function(source.dequantize(codes)))
    return integer.Table(
        inputs=layer.inputs, output=layer.output, values=values.numpy(), type=target.codes
    )


@lower_layer.register
def _(layer: Concat, context: _Context) -> Node:
    context.refuse_order(layer)
    rank = len(context.network.shapes[layer.output])
    axis = channels_last_axis(layer.dimension, rank)
    return integer.Concat(inputs=layer.inputs, output=layer.output, axis=axis)


@lower_layer.register
def _(layer: Pad, context: _Context) -> Node:
    code = context.map(layer.output).quantize(torch.tensor(layer.value))
    return integer.Pad(
        inputs=layer.inputs,
        output=layer.output,
        padding=(*layer.padding, (0, 0)),
        code=int(code),
    )


@lower_layer.register
def _(layer: Reshape, context: _Context) -> Node:
    """Lower a reshape that keeps images images and features features, or turns one into other.

    It changes neither torch's nor the graph's order of values, only which orders are usual.
    """
    source, shape = layer.inputs[0], layer.shape
    usual = _torch_order(context.network.shapes[source])
    order = context.order.get(source, usual)
    if not np.array_equal(order, _torch_order(shape)):
        if len(shape) != 1:
            raise UserError(
                f"it turns {context.network.shapes[source]} into {shape}, which moves values "
                "between channels; allowed: flatten, and adding or dropping dimensions of size 1"
            )
        context.order[layer.output] = order
    return integer.Reshape(inputs=layer.inputs, output=layer.output, shape=channels_last(shape))


def _torch_order(shape: Shape) -> Int64:
    """Return which of torch's values each value of the channels-last tensor is."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    return (numbers.transpose(1, 2, 0) if len(shape) == 3 else numbers).reshape(-1)


@lower_layer.register
def _(layer: Softmax, context: _Context) -> Node:
    context.refuse_order(layer)
    source, target = context.map(layer.inputs[0]), context.map(layer.output)
    return integer.Softmax(
        inputs=layer.inputs,
        output=layer.output,
        exponential=softmax_exponential(float(source.scale[0]), 1.0, source.codes.width),
        type=target.codes,
    )
