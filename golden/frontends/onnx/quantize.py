"""Descriptions of real numbers become nodes that make codes."""

from dataclasses import replace

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import GraphBuilder
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    FloatInput,
    Later,
    Real,
    Sum,
    Value,
    fractions,
    one_fraction,
)
from bittrue.golden.graph import Encoding, MatrixNode, Tensor
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.integer_type import IntegerType


def quantize(
    value: Value,
    quantizer: Quantizer,
    name: str,
    builder: GraphBuilder,
    arithmetic: OnnxArithmetic,
) -> Activation:
    """Return the codes of real numbers.

    Parameters
    ----------
    value : value of real numbers
    quantizer : Quantizer
    name : str
        Name of the tensor to make; one that is there already may be returned instead.
    builder : GraphBuilder
    arithmetic : OnnxArithmetic

    Raises
    ------
    UserError
        If no integers compute them.
    """
    match value:
        case FloatInput():
            return _quantize_input(value, quantizer, name, builder)
        case Real():
            return _quantize_real(value, quantizer, name, builder, arithmetic)
        case Accumulated():
            return _quantize_accumulated(value, quantizer, name, builder, arithmetic)
        case Sum():
            node = value.node(name, arithmetic.addition(value, quantizer))
            return builder.add(node, value.layout, quantizer.quantization)
        case Later():
            parts = [
                quantize(part, quantizer, f"{name}/input{number}", builder, arithmetic)
                for number, part in enumerate(value.parts)
            ]
            made = value.arrange(parts, name, quantizer.code)
            builder.meaning(made, quantizer.quantization)
            return made
    raise UserError("its input is no tensor of real numbers")


def _quantize_input(
    value: FloatInput, quantizer: Quantizer, name: str, builder: GraphBuilder
) -> Activation:
    earlier = builder.quantized_inputs.get(value.info.name)
    if earlier is not None:
        if earlier[0] != quantizer or earlier[2] != value.changes:
            raise UserError(
                f"the input {value.info.name!r} is quantized in two ways; quantize it once"
            )
        return replace(earlier[1], layout=value.layout)
    tensor = Tensor(name, value.base.sizes, quantizer.type, quantizer.minimum, quantizer.maximum)
    activation = builder.add_input(tensor, value.base)
    builder.meaning(activation, quantizer.quantization)
    builder.quantized_inputs[value.info.name] = quantizer, activation, value.changes
    return replace(activation, layout=value.layout)


def _quantize_real(
    value: Real,
    quantizer: Quantizer,
    name: str,
    builder: GraphBuilder,
    arithmetic: OnnxArithmetic,
) -> Activation:
    source = value.activation
    if source.type.width > 8 and not value.functions and arithmetic.name == "onnx":
        return _quantize_accumulated(
            accumulated_codes(value, builder), quantizer, name, builder, arithmetic
        )
    values = arithmetic.table(value, quantizer)
    codes = np.arange(source.type.minimum, source.type.maximum + 1)
    bounds = builder.made(source.name)
    reached = (codes >= bounds.minimum) & (codes <= bounds.maximum)
    if source.type == quantizer.type and value.encoding == quantizer.encoding:
        if np.array_equal(values[reached], codes[reached]):
            return source
        low, high = int(values.min()), int(values.max())
        if np.array_equal(values[reached], np.clip(codes, low, high)[reached]):
            clamp = Clamp(inputs=(source.name,), output=name, minimum=low, maximum=high)
            return builder.add(clamp, source.layout, quantizer.quantization)
    node = Table(inputs=(source.name,), output=name, values=values, type=quantizer.type)
    return builder.add(node, source.layout, quantizer.quantization)


def accumulated_codes(value: Real, builder: GraphBuilder) -> Accumulated:
    """Return dequantized codes as accumulators of their own."""
    node = Requantize(inputs=(value.activation.name,), output="codes", encoding=value.encoding)
    return Accumulated(
        node, value.activation.layout, one_fraction(value.scale), fractions([0.0]), None
    )


def _quantize_accumulated(
    value: Accumulated,
    quantizer: Quantizer,
    name: str,
    builder: GraphBuilder,
    arithmetic: OnnxArithmetic,
) -> Activation:
    table = _descending_table(value, quantizer, name, builder)
    if table is not None:
        return table
    value = with_offset_in_bias(_ascending(value, name, builder))
    bounds = builder.bounds(value.node)
    node = replace(
        value.node,
        output=name,
        requantization=arithmetic.requantization(value, bounds, quantizer),
    )
    return builder.add(node, value.layout, quantizer.quantization)


def _descending_table(
    value: Accumulated, quantizer: Quantizer, name: str, builder: GraphBuilder
) -> Activation | None:
    """Return the codes of single codes by a table, if one negative scale applies to them all."""
    node = value.node
    alike = len(value.scale) == len(value.offset) == 1 and value.kernel is None
    if not isinstance(node, Requantize) or not alike or value.scale[0] >= 0:
        return None
    source = builder.made(node.inputs[0])
    if source.type.width > 8:
        return None
    values = node.encoding.decode(np.arange(source.type.minimum, source.type.maximum + 1))
    exact = [quantizer.code(int(v) * value.scale[0] + value.offset[0]) for v in values]
    codes = np.clip(exact, *quantizer.clamp(value.limits.low, value.limits.high))
    made = Table(inputs=(source.name,), output=name, values=codes, type=quantizer.type)
    return builder.add(made, value.layout, quantizer.quantization)


def _ascending(value: Accumulated, name: str, builder: GraphBuilder) -> Accumulated:
    """Return accumulators that ascend with the numbers, as every requantization does."""
    negative = np.array([scale < 0 for scale in value.scale])
    node = value.node
    if not negative.any() or isinstance(node, MatrixNode):
        return with_positive_scale(value)
    if isinstance(node, Requantize):
        source, encoding = builder.made(node.inputs[0]), node.encoding
    else:
        sums = builder.add(replace(node, output=f"{name}/sums"), value.layout)
        source, encoding = builder.made(sums.name), Encoding()
    ones = (1,) * (len(source.shape) - 1)
    signs = Constant(
        inputs=(),
        output=f"{name}/signs",
        values=np.where(negative, -1, 1).reshape(*ones, -1),
        type=IntegerType(2, True),
    )
    builder.add(signs, Layout.same(signs.values.shape))
    product = Multiply(
        inputs=(source.name, signs.output), output=name, encodings=(encoding, Encoding())
    )
    kernel = None if value.kernel is None else value.kernel.positive(negative)
    return replace(value, node=product, scale=abs(value.scale), kernel=kernel)


def with_positive_scale(value: Accumulated) -> Accumulated:
    """Negate the weights of channels whose scale is negative."""
    negative = np.array([scale < 0 for scale in value.scale])
    if not negative.any():
        return value
    node = value.node
    if not isinstance(node, MatrixNode):
        raise UserError("a negative scale follows it; allowed: negative scales after weights only")
    channels = np.broadcast_to(negative, node.bias.shape)
    values = node.weight_values.copy()
    values[channels] *= -1
    if node.weight_encoding.bipolar:
        weight, kind = (values + 1) // 2, node.weight_type
    else:
        weight = values
        kind = IntegerType.spanning(min(int(values.min()), -1), int(values.max()))
    flipped = replace(
        node,
        weight=weight,
        weight_type=kind,
        weight_encoding=Encoding(bipolar=node.weight_encoding.bipolar),
        bias=np.where(channels, -node.bias, node.bias),
    )
    kernel = None if value.kernel is None else value.kernel.positive(negative)
    return replace(value, node=flipped, scale=abs(value.scale), kernel=kernel)


def with_offset_in_bias(value: Accumulated) -> Accumulated:
    """Make the offset a bias where it is a whole number of the accumulator's units."""
    node = value.node
    if not isinstance(node, MatrixNode) or not value.offset.any():
        return value
    scale, offset = np.broadcast_arrays(value.scale, value.offset)
    if any(
        unit == 0 or (number / unit).denominator != 1
        for unit, number in zip(scale, offset, strict=True)
    ):
        return value
    units = [int(number / unit) for unit, number in zip(scale, offset, strict=True)]
    bias = node.bias.astype(object) + np.array(units, dtype=object)
    return replace(value, node=replace(node, bias=bias), offset=fractions([0.0]))
