"""Convolutions and matrix products, in QDQ and in QOperator form."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic
from golden.frontends.onnx.builder import Site
from golden.frontends.onnx.layout import Layout, usual_order
from golden.frontends.onnx.model import Constant
from golden.frontends.onnx.operators.quantization import (
    UINT8,
    one_scale,
    one_zero_point,
    quantizer_of,
)
from golden.frontends.onnx.operators.registry import CHANNELS_LAST, MICROSOFT, STANDARD, converts
from golden.frontends.onnx.operators.weights import Weights, named_weights, weights_of
from golden.frontends.onnx.operators.windows import WINDOW, window_of
from golden.frontends.onnx.quantize import quantize
from golden.frontends.onnx.quantizer import Quantizer, finite_fraction
from golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    Kernel,
    QuantizedConstant,
    Real,
    fractions,
)
from golden.graph import Convolution, Encoding, FullyConnected, MatrixNode
from golden.numbers.arrays import Float32

CONVOLUTION = (*WINDOW, "group", "kernel_shape")

_LAST_BITS = 2.0**-22
"""By how much float32 products rounded once or twice can differ, relatively."""


def plain(site: Site, position: int) -> Real:
    """Return an input that is dequantized codes and nothing more."""
    value = site.take(position, Real)
    if value.functions:
        raise UserError(
            f"its input {site.node.inputs[position]!r} has passed an activation function since it "
            "was quantized; put QuantizeLinear or Quant between"
        )
    return value


# The nodes


def _convolution(
    site: Site, source: Activation, encoding: Encoding, weights: Weights
) -> tuple[Convolution, Layout]:
    image = site.image(source)
    size = (weights.codes.shape[2], weights.codes.shape[3])
    if site.sizes("kernel_shape", size) != size:
        raise UserError(f"its kernel_shape is not that of its weights, {size}")
    node = Convolution(
        inputs=(image.name,),
        output="convolution",
        weight=weights.codes.transpose(0, 2, 3, 1),
        weight_type=weights.type,
        bias=np.zeros(len(weights.codes), dtype=np.int64),
        input_encoding=encoding,
        weight_encoding=weights.encoding,
        window=window_of(site, size, image),
        groups=site.integer("group", 1),
    )
    height, width, channels = node.infer(site.builder.made(image.name)).tensor.shape
    return node, site.image_layout(height, width, channels)


def _product(
    site: Site, source: Activation, encoding: Encoding, weights: Weights
) -> tuple[FullyConnected, Layout]:
    """Return the product of the last dimension with a matrix."""
    shape = source.layout.shape
    if not shape:
        raise UserError("its input has no features; allowed: 2 dimensions or more")
    columns = weights.codes.reshape(len(weights.codes), -1)
    if shape[-1] != columns.shape[1]:
        raise UserError(
            f"its input has shape {('N', *shape)}; its weights have {columns.shape[1]} rows; they "
            "must agree"
        )
    if len(shape) == 1:
        # Any order of the features will do: the columns follow it.
        if not source.layout.lies_as((0,)):
            columns = columns[:, np.argsort(source.layout.order())]
        flat = Layout(shape, ((0,),))
        source = site.builder.arranged(Activation(source.name, source.type, flat), (0,))
        layout = Layout((len(columns),), ((0,),))
    else:
        order = tuple(range(len(shape)))
        for candidate in (order, usual_order(len(shape))):
            if candidate[-1] == order[-1] and source.layout.lies_as(candidate):
                order = candidate
                break
        source = site.builder.arranged(source, order)
        sizes = tuple(shape[axis] for axis in order[:-1])
        layout = Layout.ordered((*sizes, len(columns)), order)
    node = FullyConnected(
        inputs=(source.name,),
        output="product",
        weight=columns,
        weight_type=weights.type,
        bias=np.zeros(len(columns), dtype=np.int64),
        input_encoding=encoding,
        weight_encoding=weights.encoding,
    )
    return node, layout


# Operators on real numbers


@converts("Conv", domains=(STANDARD, CHANNELS_LAST), attributes=CONVOLUTION, inputs=3)
def _conv(site: Site, arithmetic: OnnxArithmetic) -> None:
    source = plain(site, 0)
    weights = weights_of(site, 1, rank=4, axis=0)
    if site.channels_last:
        weights.codes = weights.codes.transpose(0, 3, 1, 2)
    node, layout = _convolution(site, source.activation, source.encoding, weights)
    _set_accumulated(site, arithmetic, node, layout, source, weights, "convolution", bias=2)


@converts("Gemm", attributes=("alpha", "beta", "transA", "transB"))
def _gemm(site: Site, arithmetic: OnnxArithmetic) -> None:
    if site.number("alpha", 1.0) != 1.0 or (site.has(2) and site.number("beta", 1.0) != 1.0):
        raise UserError("its alpha or beta is not 1; allowed: 1; put it into the scales")
    if site.integer("transA", 0):
        raise UserError("it transposes its input; allowed: transA 0")
    source = plain(site, 0)
    weights = weights_of(site, 1, rank=2, axis=0 if site.integer("transB", 0) else 1)
    if len(source.activation.layout.shape) != 1:
        raise UserError(
            f"its input has shape {('N', *source.activation.layout.shape)}; allowed: 2 dimensions"
        )
    node, layout = _product(site, source.activation, source.encoding, weights)
    _set_accumulated(site, arithmetic, node, layout, source, weights, "matrix", bias=2)


@converts("MatMul")
def _mat_mul(site: Site, arithmetic: OnnxArithmetic) -> None:
    source = plain(site, 0)
    weights = weights_of(site, 1, rank=2, axis=1)
    node, layout = _product(site, source.activation, source.encoding, weights)
    _set_accumulated(site, arithmetic, node, layout, source, weights, "matrix", bias=None)


def _set_accumulated(
    site: Site,
    arithmetic: OnnxArithmetic,
    node: MatrixNode,
    layout: Layout,
    source: Real,
    weights: Weights,
    name: str,
    bias: int | None,
) -> None:
    kernel = Kernel(
        name,
        (np.array([float(source.scale)], dtype=np.float32), weights.scale),
        (source.activation.type, weights.type),
    )
    channels = len(node.weight)
    offset = fractions([0.0])
    if bias is not None and site.has(bias):
        value = site.take(bias, QuantizedConstant, Constant)
        if isinstance(value, QuantizedConstant) and _has_scale(value, kernel):
            node = replace(node, bias=_vector(value.codes - value.zero_point, channels))
        else:
            if isinstance(value, QuantizedConstant) and arithmetic.name != "onnx":
                raise UserError(
                    "its bias has another scale than input scale times weight scale, which ONNX "
                    "Runtime takes it to have; quantize the bias with that scale"
                )
            numbers = value.real if isinstance(value, QuantizedConstant) else _numbers(value)
            units, offset = arithmetic.bias(kernel, _vector(numbers, channels))
            node = replace(node, bias=np.broadcast_to(units, (channels,)))
    scale = source.scale * fractions(weights.scale)
    site.set(Accumulated(node, layout, scale, offset, kernel))


def _has_scale(bias: QuantizedConstant, kernel: Kernel) -> bool:
    """Return whether a bias has the accumulator's scale, the product rounded to float32.

    Exporters form the product in float32 or in float64 and round it once or twice, so its last bits
    differ between files that mean the same; the codes are what counts.
    """
    product = kernel.scales[0] * kernel.scales[1]
    scale = bias.scale.reshape(-1)
    if scale.size not in (1, product.size) and product.size != 1:
        return False
    return bool(np.allclose(scale, product, rtol=_LAST_BITS, atol=0.0))


def _numbers(value: Constant) -> Float32:
    if value.type is not None or not np.isfinite(value.values).all():
        raise UserError("its bias has elements that are integers or not finite")
    return value.values


def _vector(values: NDArray, channels: int) -> NDArray:
    """Return a bias as one element per channel; leading dimensions of 1 are dropped."""
    flat = values.reshape(-1) if values.size in (1, channels) else values
    if flat.shape not in ((1,), (channels,)) or (values.ndim and values.shape[-1] != values.size):
        raise UserError(
            f"its bias has shape {values.shape}; allowed: ({channels},), one for each output"
        )
    return np.broadcast_to(flat, (channels,)).copy()


# Integer operators


def _codes(site: Site, position: int) -> Activation:
    return site.take(position, Codes).activation


def _integer_matrix(
    site: Site,
    arithmetic: OnnxArithmetic,
    node: MatrixNode,
    layout: Layout,
    weights: Weights,
    name: str,
    output: int,
    bias: int | None,
) -> None:
    """Emit an operator with inputs x, x_scale, x_zero_point, w, w_scale, w_zero_point, ..."""
    source, scale = _codes(site, 0), one_scale(site, 1)
    zero_point = node.input_encoding.zero_point
    site.builder.meaning(source, Quantizer.of_type(source.type, scale, zero_point).quantization)
    kernel = Kernel(
        name,
        (np.array([scale], dtype=np.float32), weights.scale),
        (source.type, weights.type),
        explicit=True,
    )
    if bias is not None and site.has(bias):
        constant = site.take(bias, Constant)
        if constant.type is None:
            raise UserError("its bias has elements that are no integers")
        node = replace(node, bias=_vector(constant.values, len(node.weight)))
    value = Accumulated(
        node,
        layout,
        finite_fraction(scale) * fractions(weights.scale),
        fractions([0.0]),
        kernel,
    )
    quantizer = quantizer_of(site, output, output + 1, UINT8)
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made))


@converts("QLinearConv", attributes=CONVOLUTION)
def _qlinear_conv(site: Site, arithmetic: OnnxArithmetic) -> None:
    weights = named_weights(site, 3, 4, 5, rank=4, axis=0)
    encoding = _input_encoding(site, 0, 2)
    node, layout = _convolution(site, _codes(site, 0), encoding, weights)
    _integer_matrix(site, arithmetic, node, layout, weights, "convolution", output=6, bias=8)


@converts("QLinearMatMul")
def _qlinear_mat_mul(site: Site, arithmetic: OnnxArithmetic) -> None:
    weights = named_weights(site, 3, 4, 5, rank=2, axis=1)
    node, layout = _product(site, _codes(site, 0), _input_encoding(site, 0, 2), weights)
    _integer_matrix(site, arithmetic, node, layout, weights, "matrix", output=6, bias=None)


@converts("QGemm", domains=(MICROSOFT,), attributes=("alpha", "transA", "transB"), inputs=9)
def _qgemm(site: Site, arithmetic: OnnxArithmetic) -> None:
    if site.number("alpha", 1.0) != 1.0 or site.integer("transA", 0) or not site.has(7):
        raise UserError("its alpha is not 1, or transA is set, or its output has no scale")
    axis = 0 if site.integer("transB", 0) else 1
    weights = named_weights(site, 3, 4, 5, rank=2, axis=axis)
    node, layout = _product(site, _codes(site, 0), _input_encoding(site, 0, 2), weights)
    _integer_matrix(site, arithmetic, node, layout, weights, "matrix", output=7, bias=6)


@converts("ConvInteger", attributes=CONVOLUTION)
@converts("MatMulInteger")
def _integer(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Emit accumulators; a Cast and a Mul behind give them a scale."""
    source, encoding = _codes(site, 0), _input_encoding(site, 0, 2)
    if site.node.operator == "ConvInteger":
        weights = named_weights(site, 1, -1, 3, rank=4, axis=0)
        node, layout = _convolution(site, source, encoding, weights)
        site.set(_unscaled(node, layout))
    else:
        weights = named_weights(site, 1, -1, 3, rank=2, axis=1)
        product, layout = _product(site, source, encoding, weights)
        site.set(_unscaled(product, layout))


def _unscaled(node: MatrixNode, layout: Layout) -> Accumulated:
    return Accumulated(node, layout, fractions([1.0]), fractions([0.0]), None)


def _input_encoding(site: Site, position: int, zero_point: int) -> Encoding:
    kind = _codes(site, position).type
    return Encoding(one_zero_point(site, zero_point, kind)[0])
