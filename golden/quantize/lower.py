"""A fake-quantized network as an integer graph.

Graphs are channels-last: an image (channels, height, width) becomes (height, width, channels).
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import singledispatch

import numpy as np
import torch

from golden import graph as integer
from golden.certificates.certificate import CertificateError
from golden.errors import UserError
from golden.frontends.torch.float_network import (
    UNLIMITED,
    Add,
    AveragePool,
    Clamp,
    Concat,
    Convert,
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
    Reshape,
    Softmax,
    SumPool,
)
from golden.graph import (
    Addend,
    Graph,
    Node,
    Quantization,
)
from golden.numbers.multiplier import TFLITE_MULTIPLIER_WIDTH, quantize_multiplier
from golden.numbers.rounding import Rounding
from golden.numbers.softmax import softmax_exponential
from golden.quantize.activation_map import ActivationMap, encoding_of, scale_of
from golden.quantize.exact import codes_of, exact_addition
from golden.quantize.integer_weight import IntegerWeight
from golden.quantize.lowering_context import (
    WIDEST_EXACT,
    LoweringContext,
    channels_last,
    channels_last_axis,
    torch_order,
)
from golden.quantize.matrix_arithmetic import MatrixArithmetic

Shape = tuple[int, ...]


def lower(
    network: FloatNetwork,
    activations: Mapping[str, ActivationMap],
    weights: Mapping[str, IntegerWeight],
    rounding: Rounding | None = None,
) -> Graph:
    """Return the integer graph of a network whose every tensor has codes.

    Parameters
    ----------
    network : FloatNetwork
        Of its weights only bias and normalization are used.
    activations : mapping of str to AffineMap or BipolarMap
        By tensor.
    weights : mapping of str to IntegerWeight
        By the name of a convolution or linear layer.
    rounding : Rounding, optional
        Of every requantization; None makes every layer of up to 8 bits equal real arithmetic in
        float64, rounded once to the nearest even code, on every accumulator that can occur.

    Raises
    ------
    UserError
        Naming the layer and why no integer node computes it.
    """
    context = LoweringContext(network, activations, weights, rounding)
    nodes = []
    for layer in network.layers:
        try:
            node = lower_layer(layer, context)
            inference = node.infer(*(context.tensors[name] for name in node.inputs))
        except UserError as error:
            kind = type(layer).__name__.lower()
            raise UserError(f"layer {layer.output!r} ({kind}): {error}") from error
        context.tensors[layer.output] = inference.tensor
        nodes.append(node)
    for name in network.outputs:
        if name in context.order:
            raise UserError(
                f"output {name!r} is a flattened image, whose features the channels-last graph "
                "holds in another order; end the module with the image, or with a layer after it"
            )
    return Graph(
        inputs=tuple(context.tensors[name] for name in network.inputs),
        nodes=tuple(nodes),
        outputs=network.outputs,
        quantization={
            name: Quantization(Fraction(scale_of(mapping)), encoding_of(mapping))
            for name, mapping in activations.items()
        },
        layouts={name: (2, 0, 1) for name, shape in network.shapes.items() if len(shape) == 3},
    )


@singledispatch
def lower_layer(layer: Layer, context: LoweringContext) -> Node:
    """Return the integer node of a layer."""
    raise UserError("no integer node computes it")


@lower_layer.register
def _(layer: Convolution, context: LoweringContext) -> Node:
    arithmetic = _arithmetic(layer, context)
    node = integer.Convolution(
        inputs=layer.inputs,
        output=layer.output,
        weight=arithmetic.weight.codes.transpose(0, 2, 3, 1),
        weight_type=arithmetic.weight.type,
        weight_encoding=arithmetic.weight.encoding,
        bias=arithmetic.bias,
        input_encoding=context.encoding(layer.inputs[0]),
        window=layer.window,
        groups=layer.groups,
    )
    return _requantized(node, layer, arithmetic, context)


@lower_layer.register
def _(layer: Linear, context: LoweringContext) -> Node:
    arithmetic = _arithmetic(layer, context)
    codes, order = arithmetic.weight.codes, context.order.get(layer.inputs[0])
    node = integer.FullyConnected(
        inputs=layer.inputs,
        output=layer.output,
        weight=codes if order is None else codes[:, order],
        weight_type=arithmetic.weight.type,
        weight_encoding=arithmetic.weight.encoding,
        bias=arithmetic.bias,
        input_encoding=context.encoding(layer.inputs[0]),
    )
    return _requantized(node, layer, arithmetic, context)


def _arithmetic(layer: Matrix, context: LoweringContext) -> MatrixArithmetic:
    weight = context.weights[layer.output]
    return MatrixArithmetic.of(layer, weight, context.scale(layer.inputs[0]))


def _requantized(
    node: integer.Convolution | integer.FullyConnected,
    layer: Matrix,
    arithmetic: MatrixArithmetic,
    context: LoweringContext,
) -> Node:
    """Give a layer with weights the requantization that its output asks for."""
    bounds = context.bounds(node)
    if context.is_exact(layer.output):
        try:
            exact = arithmetic.exact(bounds, context.map(layer.output), layer.clamp)
            return replace(node, requantization=exact)
        except CertificateError:  # Fine steps can ask for more bits than a multiplier has.
            if not _has_wide_operands(node, context):
                raise
    scale = arithmetic.slope / context.scale(layer.output)
    rounded = context.requantization(layer.output, scale, layer.clamp, bounds.type)
    return replace(node, requantization=rounded)


def _has_wide_operands(
    node: integer.Convolution | integer.FullyConnected, context: LoweringContext
) -> bool:
    widest = max(node.weight_type.width, context.tensors[node.inputs[0]].type.width)
    return widest > WIDEST_EXACT


@lower_layer.register
def _(layer: Convert, context: LoweringContext) -> Node:
    (source,) = layer.inputs
    scale = context.scale(source)
    node = integer.Requantize(
        inputs=layer.inputs, output=layer.output, encoding=context.encoding(source)
    )
    return context.requantized(node, layer, scale)


@lower_layer.register
def _(layer: Add, context: LoweringContext) -> Node:
    context.one_order(layer)
    if context.is_exact(layer.output):
        exact = exact_addition(
            (context.tensors[layer.inputs[0]], context.tensors[layer.inputs[1]]),
            (context.map(layer.inputs[0]), context.map(layer.inputs[1])),
            layer.subtract,
            context.map(layer.output),
            layer.clamp,
        )
        if exact is not None:
            return integer.Add(
                inputs=layer.inputs,
                output=layer.output,
                addends=exact.addends,
                requantization=exact.requantization,
            )
    return _fixed_point_addition(layer, context)


def _fixed_point_addition(layer: Add, context: LoweringContext) -> Node:
    """Lower as TFLite's ADD and SUB: operands in fixed point at twice the larger scale."""
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
def _(layer: Multiply, context: LoweringContext) -> Node:
    context.refuse_order(layer)
    first, second = layer.inputs
    scale = context.scale(first) * context.scale(second)  # Of float32: exact in float64.
    node = integer.Multiply(
        inputs=layer.inputs,
        output=layer.output,
        encodings=(context.encoding(first), context.encoding(second)),
    )
    return context.requantized(node, layer, scale)


@lower_layer.register
def _(layer: SumPool, context: LoweringContext) -> Node:
    (source,) = layer.inputs
    node = integer.SumPool(
        inputs=layer.inputs,
        output=layer.output,
        window=layer.window,
        encoding=context.encoding(source),
    )
    return context.requantized(node, layer, context.scale(source), layer.divisor)


@lower_layer.register
def _(layer: Mean, context: LoweringContext) -> Node:
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
    node = integer.Mean(
        inputs=layer.inputs,
        output=layer.output,
        axes=tuple(axes),
        keep_dimensions=layer.keep_dimensions,
        encoding=context.encoding(source),
    )
    return context.requantized(node, layer, context.scale(source), count)


_WHOLE_IMAGES = ((1, 2), (0, 1, 2))


@lower_layer.register
def _(layer: AveragePool, context: LoweringContext) -> Node:
    return _window_pool(integer.AveragePool, layer, context)


@lower_layer.register
def _(layer: MaxPool, context: LoweringContext) -> Node:
    return _window_pool(integer.MaxPool, layer, context)


def _window_pool(
    kind: type[integer.AveragePool] | type[integer.MaxPool],
    layer: AveragePool | MaxPool,
    context: LoweringContext,
) -> Node:
    """Lower pooling of codes as they are, of which every one may result."""
    minimum, maximum = context.limits(layer.output, UNLIMITED)
    return kind(
        inputs=layer.inputs,
        output=layer.output,
        window=layer.window,
        minimum=minimum,
        maximum=maximum,
    )


@lower_layer.register
def _(layer: Clamp, context: LoweringContext) -> Node:
    minimum, maximum = context.limits(layer.output, layer.limits)
    return integer.Clamp(inputs=layer.inputs, output=layer.output, minimum=minimum, maximum=maximum)


@lower_layer.register
def _(layer: Pointwise, context: LoweringContext) -> Node:
    """Tabulate the function in float64."""
    source, target = context.map(layer.inputs[0]), context.map(layer.output)
    codes = np.arange(source.codes.minimum, source.codes.maximum + 1)
    real = torch.from_numpy(encoding_of(source).decode(codes) * scale_of(source))
    values = codes_of(layer.function(real).numpy(), target, UNLIMITED)
    return integer.Table(inputs=layer.inputs, output=layer.output, values=values, type=target.codes)


@lower_layer.register
def _(layer: Concat, context: LoweringContext) -> Node:
    rank = len(context.network.shapes[layer.output])
    axis = channels_last_axis(layer.dimension, rank)
    return integer.Concat(inputs=layer.inputs, output=layer.output, axis=axis)


@lower_layer.register
def _(layer: Pad, context: LoweringContext) -> Node:
    code = context.map(layer.output).quantize(torch.tensor(layer.value))
    return integer.Pad(
        inputs=layer.inputs,
        output=layer.output,
        padding=(*layer.padding, (0, 0)),
        code=int(code),
    )


@lower_layer.register
def _(layer: Reshape, context: LoweringContext) -> Node:
    """Lower a reshape that keeps images images and features features, or turns one into other.

    It changes neither torch's nor the graph's order of values, only which orders are usual.
    """
    source, shape = layer.inputs[0], layer.shape
    usual = torch_order(context.network.shapes[source])
    order = context.order.get(source, usual)
    if len(shape) != 1 and not np.array_equal(order, torch_order(shape)):
        raise UserError(
            f"it turns {context.network.shapes[source]} into {shape}, which moves values between "
            "channels; allowed: flatten, and adding or dropping dimensions of size 1"
        )
    return integer.Reshape(inputs=layer.inputs, output=layer.output, shape=channels_last(shape))


@lower_layer.register
def _(layer: Softmax, context: LoweringContext) -> Node:
    context.refuse_order(layer)
    source, target = context.map(layer.inputs[0]), context.map(layer.output)
    return integer.Softmax(
        inputs=layer.inputs,
        output=layer.output,
        exponential=softmax_exponential(scale_of(source), 1.0, source.codes.width),
        type=target.codes,
    )
