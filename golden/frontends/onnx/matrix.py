"""What convolutions and matrix products share, in QDQ and in QOperator form."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, one_scale, one_zero_point, quantizer_of
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.no_integer_kernel import NoIntegerKernelError
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.quantizer import Quantizer, finite_fraction
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    Kernel,
    QuantizedConstant,
    Real,
    fractions,
)
from bittrue.golden.frontends.onnx.weights import Weights
from bittrue.golden.graph import Encoding, MatrixNode
from bittrue.golden.numbers.arrays import Float32

_LAST_BITS = 2.0**-22
"""By how much float32 products rounded once or twice can differ, relatively."""


def set_accumulated(
    site: Site,
    arithmetic: OnnxArithmetic,
    node: MatrixNode,
    layout: Layout,
    source: Real,
    weights: Weights,
    name: str,
    bias: int | None,
) -> None:
    """Say that an operator's output is what a node accumulates, and its bias."""
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
                raise NoIntegerKernelError(
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


def _vector(values: NDArray[Any], channels: int) -> NDArray[Any]:
    """Return a bias as one element per channel; leading dimensions of 1 are dropped."""
    flat = values.reshape(-1) if values.size in (1, channels) else values
    if flat.shape not in ((1,), (channels,)) or (values.ndim and values.shape[-1] != values.size):
        raise UserError(
            f"its bias has shape {values.shape}; allowed: ({channels},), one for each output"
        )
    return np.broadcast_to(flat, (channels,)).copy()


def codes_at(site: Site, position: int) -> Activation:
    """Return an input that is codes."""
    return site.take(position, Codes).activation


def set_quantized_matrix(
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
    source, scale = codes_at(site, 0), one_scale(site, 1)
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


def unscaled(node: MatrixNode, layout: Layout) -> Accumulated:
    """Return accumulators that nothing has scaled yet."""
    return Accumulated(node, layout, fractions([1.0]), fractions([0.0]), None)


def input_encoding(site: Site, position: int, zero_point: int) -> Encoding:
    """Return how the codes of an input become values, by a zero point beside them."""
    kind = codes_at(site, position).type
    return Encoding(one_zero_point(site, zero_point, kind)[0])
