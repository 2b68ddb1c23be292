"""Each operator of a .tflite file as nodes of the graph."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import tflite

from golden.errors import UserError
from golden.frontends.tflite.affine import CONVERTED_WIDTHS, MAXIMUM_SCALE, Affine
from golden.frontends.tflite.arithmetic import INT32, INT48, LitertArithmetic, WeightScale
from golden.frontends.tflite.builder import Site, activation_shape, constant
from golden.frontends.tflite.model import TensorInfo
from golden.graph import (
    AccumulatorBounds,
    Add,
    ArgMax,
    AveragePool,
    Clamp,
    Concat,
    Constant,
    Convolution,
    Encoding,
    FullyConnected,
    MaxPool,
    Mean,
    Multiply,
    Pad,
    Requantization,
    Requantize,
    Reshape,
    Softmax,
    Softmax16,
    Table,
    Window,
)
from golden.numbers.integer_type import IntegerType
from golden.numbers.softmax import softmax_exponential
from golden.numbers.softmax16 import softmax16_exponential, softmax16_reciprocal

Converter = Callable[[Site, LitertArithmetic], None]

CONVERTERS: dict[str, Converter] = {}
"""By the schema's name of the operator."""

VERSIONS: dict[str, int] = {"DEQUANTIZE": 9, "PACK": 5, "SHAPE": 1, "STRIDED_SLICE": 8}
"""The newest version known of each operator that is converted, or left out.

Later ones may mean something else. These are those of LiteRT 2.3.
"""

SHAPE_OPERATORS = frozenset({"SHAPE", "STRIDED_SLICE", "PACK"})
"""Operators that converters emit to compute the shape of a RESHAPE, which the file also states."""

_ACTIVATIONS = {
    code: name for name, code in vars(tflite.ActivationFunctionType).items() if type(code) is int
}


def _converts(**versions: int) -> Callable[[Converter], Converter]:
    """Register a converter of operators, each up to a version."""

    def register(converter: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(versions, converter))
        VERSIONS.update(versions)
        return converter

    return register


def _fused_activation(site: Site) -> str:
    code = site.options.get("FusedActivationFunction", 0)
    return _ACTIVATIONS.get(code, f"activation {code}")


def _fused_clamp(site: Site, arithmetic: LitertArithmetic) -> tuple[int, int]:
    return arithmetic.activation_clamp(_fused_activation(site), site.target)


def _no_activation(site: Site) -> None:
    if _fused_activation(site) != "NONE":
        raise UserError(f"the fused activation is {_fused_activation(site)}; allowed: NONE")


def _same_quantization(first: Affine, second: Affine) -> None:
    if first != second:
        raise UserError(
            f"it only moves codes, but its input has scale {first.scale}, zero point "
            f"{first.zero_point} and its output {second.scale}, {second.zero_point}; they must be "
            "equal"
        )


# Convolution and fully connected


def _window(site: Site, size: tuple[int, int], dilated: bool) -> Window:
    """Return the window of a convolution or pooling with TFLite's padding."""
    options = site.options
    stride = (options.get("StrideH", 0), options.get("StrideW", 0))
    dilation = (1, 1)
    if dilated:
        dilation = (options.get("DilationHFactor", 1), options.get("DilationWFactor", 1))
    if min(*size, *stride, *dilation) < 1:
        raise UserError(f"window {size}, stride {stride} or dilation {dilation} has a size below 1")
    scheme = options.get("Padding", 0)
    if scheme == tflite.Padding.VALID:
        return Window(size, stride, dilation)
    if scheme != tflite.Padding.SAME:
        raise UserError(f"padding scheme is {scheme}; allowed: SAME, VALID")
    shape = activation_shape(site.input(0))
    if len(shape) != 3:
        raise UserError(f"its input has shape {(1, *shape)}; allowed: 4 dimensions")
    padding = []
    for axis in (0, 1):
        outputs = -(-shape[axis] // stride[axis])
        reach = (size[axis] - 1) * dilation[axis] + 1
        total = max((outputs - 1) * stride[axis] + reach - shape[axis], 0)
        padding.append((total // 2, total - total // 2))
    return Window(size, stride, dilation, (padding[0], padding[1]))


def _weights(site: Site, output_axis: int) -> tuple[np.ndarray, TensorInfo, IntegerType]:
    """Return the weights of a matrix operator, checked against its input's type."""
    info = site.input(1)
    unsigned = not site.source().type.signed
    weight = constant(info, *(("UINT8",) if unsigned else ("INT8", "INT4")))
    if not info.quantized:
        raise UserError(f"{info} has no scale; quantize the whole model")
    channels = weight.shape[output_axis] if weight.ndim > output_axis else 0
    per_channel = info.scale.size > 1
    if per_channel and (info.scale.size != channels or info.axis != output_axis):
        raise UserError(
            f"{info} has {info.scale.size} scales along dimension {info.axis}; allowed: 1, or one "
            f"for each of the {channels} outputs along dimension {output_axis}"
        )
    if (info.zero_point != 0).any() and not unsigned:
        raise UserError(f"{info} has a zero point that is not 0; allowed: 0 for signed weights")
    if unsigned and per_channel:
        raise UserError(f"{info} has several scales; allowed: one for UINT8")
    if info.scale.max() > MAXIMUM_SCALE:
        raise UserError(f"{info} has scale {info.scale.max()}; allowed: up to 2**40")
    assert info.type is not None
    return weight, info, info.type


def _bias(site: Site, channels: int) -> np.ndarray:
    info = site.optional_input(2)
    if info is None:
        return np.zeros(channels, dtype=np.int64)
    wide = ("INT64",) if site.source().type.width == 16 else ()
    return constant(info, "INT32", *wide)


def _accumulator(site: Site) -> IntegerType:
    """Return the type that the reference adds in; for 16-bit inputs the bias decides."""
    bias = site.optional_input(2)
    narrow = bias is not None and bias.type_name == "INT32"
    return INT32 if site.source().type.width == 8 or narrow else INT48


@_converts(CONV_2D=8, DEPTHWISE_CONV_2D=7)
def _convolution(site: Site, arithmetic: LitertArithmetic) -> None:
    depthwise = site.operator.name == "DEPTHWISE_CONV_2D"
    weight, info, kind = _weights(site, output_axis=3 if depthwise else 0)
    if weight.ndim != 4 or (depthwise and weight.shape[0] != 1):
        raise UserError(
            f"{info} has shape {info.shape}; allowed: 4 dimensions, 1 first if depthwise"
        )
    channels = activation_shape(site.input(0))[-1:]
    weight = weight.transpose(3, 1, 2, 0) if depthwise else weight
    groups = channels[0] // weight.shape[3] if channels else 0
    node = Convolution(
        inputs=(site.input(0).name,),
        output=site.output.name,
        weight=weight,
        weight_type=kind,
        bias=_bias(site, weight.shape[0]),
        input_encoding=site.source().encoding,
        weight_encoding=Encoding(int(info.zero_point[0])),
        window=_window(site, (weight.shape[1], weight.shape[2]), dilated=True),
        groups=groups,
    )
    requantization = arithmetic.convolution(
        site.builder.infer(node),
        _accumulator(site),
        site.source(),
        WeightScale(kind, info.scale),
        site.target,
        _fused_clamp(site, arithmetic),
    )
    site.emit(dataclasses.replace(node, requantization=requantization))


@_converts(FULLY_CONNECTED=14)
def _fully_connected(site: Site, arithmetic: LitertArithmetic) -> None:
    weight, info, kind = _weights(site, output_axis=0)
    if site.options.get("WeightsFormat", 0) != 0:
        raise UserError("its weights are shuffled; allowed: the default weights format")
    if weight.ndim != 2:
        raise UserError(f"{info} has shape {info.shape}; allowed: 2 dimensions")
    source = site.input(0)
    shape = activation_shape(source)
    name = source.name
    if not site.options.get("KeepNumDims", False) and shape != weight.shape[1:]:
        # The kernel takes its input as rows of as many elements as the weights have columns.
        name = f"{site.output.name}/flat"
        rows = math.prod(shape) // weight.shape[1]
        flat = weight.shape[1:] if rows == 1 else (rows, weight.shape[1])
        site.builder.add(Reshape(inputs=(source.name,), output=name, shape=flat))
    node = FullyConnected(
        inputs=(name,),
        output=site.output.name,
        weight=weight,
        weight_type=kind,
        bias=_bias(site, weight.shape[0]),
        input_encoding=site.source().encoding,
        weight_encoding=Encoding(int(info.zero_point[0])),
    )
    requantization = arithmetic.fully_connected(
        site.builder.infer(node),
        _accumulator(site),
        site.source(),
        WeightScale(kind, info.scale),
        site.target,
        _fused_clamp(site, arithmetic),
    )
    site.emit(dataclasses.replace(node, requantization=requantization))


# Addition and multiplication


def _operands(site: Site) -> tuple[str, str]:
    """Return the names of two operands, of which one may be a constant."""
    site.input_count(2)
    first, second = (_operand(site, position) for position in (0, 1))
    return first, second


def _operand(site: Site, position: int) -> str:
    info = site.input(position)
    if info.data is None:
        return info.name
    other = site.input(1 - position)
    values = constant(info, "INT8", "UINT8", "INT16")
    if values.ndim == len(other.shape):
        if values.shape[0] != 1:
            raise UserError(f"{info} has shape {info.shape}; allowed: a batch of 1 first")
        values = values[0]
    name = f"{site.output.name}/constant{position}"
    site.builder.add(
        Constant(inputs=(), output=name, values=values, type=site.source(position).type)
    )
    return name


def _one_type(site: Site) -> None:
    kinds = {site.source(0).type, site.source(1).type, site.target.type}
    if len(kinds) > 1:
        raise UserError("its inputs and output have several types; allowed: one")


@_converts(ADD=6, SUB=5)
def _addition(site: Site, arithmetic: LitertArithmetic) -> None:
    _one_type(site)
    first, second, target = site.source(0), site.source(1), site.target
    subtract = site.operator.name == "SUB"
    scale, add = arithmetic.addends, arithmetic.addition
    if site.options.get("PotScaleInt16", False) and arithmetic.shifts(first, second, target):
        scale, add = arithmetic.shifted_addends, arithmetic.shifted_addition
    node = Add(
        inputs=_operands(site),
        output=site.output.name,
        addends=scale(first, second, target, subtract),
    )
    requantization = add(
        site.builder.infer(node), first, second, target, _fused_clamp(site, arithmetic)
    )
    site.emit(dataclasses.replace(node, requantization=requantization))


@_converts(MUL=8)
def _multiplication(site: Site, arithmetic: LitertArithmetic) -> None:
    _one_type(site)
    first, second, target = site.source(0), site.source(1), site.target
    node = Multiply(
        inputs=_operands(site),
        output=site.output.name,
        encodings=(first.encoding, second.encoding),
    )
    requantization = arithmetic.multiplication(
        site.builder.infer(node), first, second, target, _fused_clamp(site, arithmetic)
    )
    site.emit(dataclasses.replace(node, requantization=requantization))


# Pooling


@_converts(AVERAGE_POOL_2D=3, MAX_POOL_2D=3)
def _pooling(site: Site, arithmetic: LitertArithmetic) -> None:
    _same_quantization(site.source(), site.target)
    size = (site.options.get("FilterHeight", 0), site.options.get("FilterWidth", 0))
    minimum, maximum = _fused_clamp(site, arithmetic)
    node = MaxPool if site.operator.name == "MAX_POOL_2D" else AveragePool
    site.emit(
        node(
            inputs=(site.input(0).name,),
            output=site.output.name,
            window=_window(site, size, dilated=False),
            minimum=minimum,
            maximum=maximum,
        )
    )


@_converts(MEAN=3)
def _mean(site: Site, arithmetic: LitertArithmetic) -> None:
    source, shape = site.input(0), activation_shape(site.input(0))
    rank = len(source.shape)
    listed = constant(site.input(1), "INT32").reshape(-1).tolist()
    if not listed or any(not -rank <= axis < rank or axis % rank == 0 for axis in listed):
        raise UserError(f"axes are {listed}; allowed: dimensions of {source.shape} but the batch")
    axes = tuple(sorted({axis % rank - 1 for axis in listed}))
    node = Mean(
        inputs=(source.name,),
        output=site.output.name,
        axes=axes,
        keep_dimensions=bool(site.options.get("KeepDims", False)),
        encoding=site.source().encoding,
    )
    count = math.prod(shape[axis] for axis in axes)
    requantization = arithmetic.mean(site.builder.infer(node), site.source(), site.target, count)
    site.emit(dataclasses.replace(node, requantization=requantization))


# Functions of one code


_WIDE_CONVERSIONS = {("int16", "int32"), ("int32", "int16"), ("int32", "int8")}


@_converts(QUANTIZE=6)
def _quantize(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = (
        Affine.of(info, widths=CONVERTED_WIDTHS) for info in (site.input(0), site.output)
    )
    kinds = str(source.type), str(target.type)
    if "int32" in kinds and kinds not in _WIDE_CONVERSIONS:
        raise UserError(
            f"it makes {kinds[1]} of {kinds[0]}, which the kernels refuse; allowed with 32 bits: "
            "int32 of int16, int16 and int8 of int32"
        )
    _emit_requantize(
        site, arithmetic.rescale, source, target, (target.type.minimum, target.type.maximum)
    )


@_converts(RELU=3, RELU6=3, RELU_N1_TO_1=1, RELU_0_TO_1=1)
def _relu(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = site.source(), site.target
    clamp = arithmetic.activation_clamp(site.operator.name, target)
    if site.operator.name in arithmetic.relus_without_rescale:
        clamp = arithmetic.activation_clamp(site.operator.name, source)
    if source == target or site.operator.name in arithmetic.relus_without_rescale:
        name = site.input(0).name
        site.emit(
            Clamp(inputs=(name,), output=site.output.name, minimum=clamp[0], maximum=clamp[1])
        )
        return
    _emit_requantize(site, arithmetic.rescale_float32, source, target, clamp)


def _emit_requantize(
    site: Site,
    rescale: Callable[[AccumulatorBounds, Affine, Affine, tuple[int, int]], Requantization],
    source: Affine,
    target: Affine,
    clamp: tuple[int, int],
) -> None:
    name = site.input(0).name
    node = Requantize(inputs=(name,), output=site.output.name, encoding=source.encoding)
    requantization = rescale(site.builder.infer(node), source, target, clamp)
    site.emit(dataclasses.replace(node, requantization=requantization))


@_converts(LOGISTIC=3, TANH=3, HARD_SWISH=1, LEAKY_RELU=2, ELU=1)
def _function(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = site.source(), site.target
    if source.type != target.type:
        raise UserError(f"its input is {source.type} and its output {target.type}; allowed: equal")
    values = arithmetic.table(
        site.operator.name, source, target, float(site.options.get("Alpha", 0.0))
    )
    name = site.input(0).name
    site.emit(Table(inputs=(name,), output=site.output.name, values=values, type=target.type))


# Moving codes


@_converts(RESHAPE=1, SQUEEZE=2, EXPAND_DIMS=1)
def _reshape(site: Site, arithmetic: LitertArithmetic) -> None:
    _reshape_to_output(site)


@_converts(TRANSPOSE=9)
def _transpose(site: Site, arithmetic: LitertArithmetic) -> None:
    shape = site.input(0).shape
    permutation = constant(site.input(1), "INT32").reshape(-1).tolist()
    if sorted(permutation) != list(range(len(shape))):
        raise UserError(f"permutation is {permutation}; allowed: one of the input's dimensions")
    moved = [axis for axis in permutation if shape[axis] > 1]
    if moved != sorted(moved):
        raise UserError(
            f"it reorders the dimensions of {shape} by {permutation}; allowed: moving dimensions "
            "of size 1 only; export the model channels-last"
        )
    _reshape_to_output(site)


def _reshape_to_output(site: Site) -> None:
    if site.input(0).quantized:
        _same_quantization(site.source(), site.target)
    shape = activation_shape(site.output)
    site.emit(Reshape(inputs=(site.input(0).name,), output=site.output.name, shape=shape))


@_converts(CONCATENATION=7)
def _concatenation(site: Site, arithmetic: LitertArithmetic) -> None:
    _no_activation(site)
    rank = len(site.output.shape)
    axis = site.options.get("Axis", 0)
    if not -rank <= axis < rank or axis % rank == 0:
        raise UserError(
            f"axis is {axis}; allowed: a dimension of {site.output.shape} but the batch"
        )
    names = []
    for position in range(len(site.operator.inputs)):
        source, name = site.source(position), site.input(position).name
        if source != site.target:
            values = arithmetic.concatenation_table(source, site.target)
            rescaled = f"{site.output.name}/input{position}"
            site.builder.add(
                Table(inputs=(name,), output=rescaled, values=values, type=site.target.type)
            )
            name = rescaled
        names.append(name)
    site.emit(Concat(inputs=tuple(names), output=site.output.name, axis=axis % rank - 1))


@_converts(PAD=6, PADV2=6)
def _pad(site: Site, arithmetic: LitertArithmetic) -> None:
    _same_quantization(site.source(), site.target)
    padding = constant(site.input(1), "INT32", "INT64").tolist()
    if np.shape(padding) != (len(site.input(0).shape), 2) or any(padding[0]):
        raise UserError(f"padding is {padding}; allowed: two sizes a dimension, none of the batch")
    code = site.target.zero_point
    if site.operator.name == "PADV2":
        filling = site.input(2)
        _same_quantization(Affine.of(filling), site.target)
        values = constant(filling, filling.type_name)
        if values.size != 1:
            raise UserError(f"{filling} has {values.size} elements; allowed: 1")
        code = int(values.reshape(-1)[0])
    pairs = tuple((before, after) for before, after in padding[1:])
    site.emit(Pad(inputs=(site.input(0).name,), output=site.output.name, padding=pairs, code=code))


# The end of a classifier


@_converts(SOFTMAX=4)
def _softmax(site: Site, arithmetic: LitertArithmetic) -> None:
    source, target = site.source(), Affine.of(site.output, any_zero_point=True)
    if source.type.width == 16:
        _softmax16(site, arithmetic, source, target)
        return
    expected = Affine(target.type, 2.0**-target.type.width, target.type.minimum)
    if (
        source.type.width != 8
        or target.zero_point != expected.zero_point
        or not 0.999 <= target.scale / expected.scale <= 1.001  # What the kernel accepts.
    ):
        raise UserError(
            f"its input is {source.type} and its output has scale {target.scale}, zero point "
            f"{target.zero_point}; allowed: 8-bit input, output {expected.scale}, "
            f"{expected.zero_point}"
        )
    exponential = softmax_exponential(source.scale, float(site.options.get("Beta", 0.0)), 8)
    name = site.input(0).name
    site.emit(
        Softmax(inputs=(name,), output=site.output.name, exponential=exponential, type=target.type)
    )


def _softmax16(site: Site, arithmetic: LitertArithmetic, source: Affine, target: Affine) -> None:
    if (
        target.type != source.type
        or target.zero_point != 0
        or not 0.999 <= target.scale * 2**15 <= 1.001  # What the kernel accepts.
    ):
        raise UserError(
            f"its output is {target.type} with scale {target.scale}, zero point "
            f"{target.zero_point}; allowed for 16-bit input: int16, {2.0**-15}, 0"
        )
    site.emit(
        Softmax16(
            inputs=(site.input(0).name,),
            output=site.output.name,
            exponential=softmax16_exponential(source.scale, float(site.options.get("Beta", 0.0))),
            reciprocal=softmax16_reciprocal(arithmetic.softmax16_dtype),
        )
    )


@_converts(ARG_MAX=3)
def _arg_max(site: Site, arithmetic: LitertArithmetic) -> None:
    rank = len(site.input(0).shape)
    axis = constant(site.input(1), "INT32", "INT64").reshape(-1).tolist()
    if axis not in ([-1], [rank - 1]) or rank < 2:
        raise UserError(f"axis is {axis}; allowed: the last dimension of {site.input(0).shape}")
    site.emit(ArgMax(inputs=(site.input(0).name,), output=site.output.name))
