"""Products with a matrix: Gemm, MatMul, QLinearMatMul, QGemm and MatMulInteger."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, plain, quantizer_of
from bittrue.golden.frontends.onnx.layout import Layout, usual_order
from bittrue.golden.frontends.onnx.matrix import (
    codes_at,
    input_encoding,
    set_accumulated,
    set_quantized_matrix,
    unscaled,
)
from bittrue.golden.frontends.onnx.operators import mat_mul
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import Activation, Codes
from bittrue.golden.frontends.onnx.weights import Weights, named_weights, weights_of
from bittrue.golden.graph import Encoding
from bittrue.golden.graph.fully_connected import FullyConnected


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
    set_accumulated(site, arithmetic, node, layout, source, weights, "matrix", bias=2)


@converts("MatMul")
def _mat_mul(site: Site, arithmetic: OnnxArithmetic) -> None:
    if mat_mul.is_computed(site, 1):
        site.set(mat_mul.product_of_reals(site))
        return
    source = plain(site, 0)
    weights = weights_of(site, 1, rank=2, axis=1)
    node, layout = _product(site, source.activation, source.encoding, weights)
    set_accumulated(site, arithmetic, node, layout, source, weights, "matrix", bias=None)


@converts("QLinearMatMul")
def _qlinear_mat_mul(site: Site, arithmetic: OnnxArithmetic) -> None:
    if mat_mul.is_computed(site, 3):
        product, quantizer = mat_mul.product_of_coded(site), quantizer_of(site, 6, 7, UINT8)
        site.set(Codes(quantize(product, quantizer, site.output, site.builder, arithmetic)))
        return
    weights = named_weights(site, 3, 4, 5, rank=2, axis=1)
    node, layout = _product(site, codes_at(site, 0), input_encoding(site, 0, 2), weights)
    set_quantized_matrix(site, arithmetic, node, layout, weights, "matrix", output=6, bias=None)


@converts("QGemm", domains=(MICROSOFT,), attributes=("alpha", "transA", "transB"), inputs=9)
def _qgemm(site: Site, arithmetic: OnnxArithmetic) -> None:
    if site.number("alpha", 1.0) != 1.0 or site.integer("transA", 0) or not site.has(7):
        raise UserError("its alpha is not 1, or transA is set, or its output has no scale")
    axis = 0 if site.integer("transB", 0) else 1
    weights = named_weights(site, 3, 4, 5, rank=2, axis=axis)
    node, layout = _product(site, codes_at(site, 0), input_encoding(site, 0, 2), weights)
    set_quantized_matrix(site, arithmetic, node, layout, weights, "matrix", output=7, bias=6)


@converts("MatMulInteger")
def _mat_mul_integer(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Emit accumulators; a Cast and a Mul behind give them a scale."""
    if mat_mul.is_computed(site, 1):
        site.set(mat_mul.product_of_integers(site))
        return
    weights = named_weights(site, 1, -1, 3, rank=2, axis=1)
    node, layout = _product(site, codes_at(site, 0), input_encoding(site, 0, 2), weights)
    site.set(unscaled(node, layout))
