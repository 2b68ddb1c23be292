"""QuantizeLinear and DequantizeLinear."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import (
    dequantized,
    one_scale,
    one_zero_point,
    quantizer_of,
    scales,
)
from bittrue.golden.frontends.onnx.model import INTEGER_TYPES, Constant
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, STANDARD, converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Codes, QuantizedConstant
from bittrue.golden.numbers.integer_type import IntegerType


@converts(
    "QuantizeLinear",
    domains=(STANDARD, MICROSOFT),
    attributes=("axis", "block_size", "output_dtype"),
    without_effect=("saturate",),
    only={"precision": 0},
    inputs=3,
)
def _quantize_linear(site: Site, arithmetic: OnnxArithmetic) -> None:
    _no_blocks(site)
    value = site.take(0, *NUMBERS, Constant, QuantizedConstant)
    if isinstance(value, Constant | QuantizedConstant):
        site.set(_quantized_numbers(site))
        return
    quantizer = quantizer_of(site, 1, 2, _output_type(site))
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made, (value, quantizer)))


@converts(
    "DequantizeLinear",
    domains=(STANDARD, MICROSOFT),
    attributes=("axis", "block_size"),
    only={"output_dtype": TensorProto.FLOAT},
    inputs=3,
)
def _dequantize_linear(site: Site, arithmetic: OnnxArithmetic) -> None:
    _no_blocks(site)
    value = site.take(0, Codes, Constant)
    if isinstance(value, Codes):
        zero_point, _ = one_zero_point(site, 2, value.activation.type)
        site.set(dequantized(value.activation, one_scale(site, 1), zero_point, site))
        return
    if value.type is None:
        raise UserError(f"its input {site.node.inputs[0]!r} is a constant of real numbers")
    zero_points = np.zeros(1, dtype=np.int64)
    if site.has(2):
        constant = site.take(2, Constant)
        if constant.type is None:
            raise UserError(f"its zero point {site.node.inputs[2]!r} holds no integers")
        zero_points = constant.values
    axis = site.integer("axis", 1)
    site.set(
        QuantizedConstant(
            value.values,
            value.type,
            _along(scales(site, 1, weights=True), value.values.shape, axis, "scales"),
            _along(zero_points, value.values.shape, axis, "zero points"),
        )
    )


def _quantized_numbers(site: Site) -> Constant:
    """Return the codes of constant numbers: a weight that the file holds in real numbers."""
    numbers, kind = site.numbers(0), _output_type(site)
    zero_points = np.zeros(1, dtype=np.int64)
    if site.has(2):
        constant = site.take(2, Constant)
        if constant.type is None:
            raise UserError(f"its zero point {site.node.inputs[2]!r} holds no integers")
        zero_points, kind = constant.values, constant.type
    axis, shape = site.integer("axis", 1), numbers.shape
    scale = _along(scales(site, 1, weights=True), shape, axis, "scales")
    zero_point = _along(zero_points, shape, axis, "zero points")
    with np.errstate(all="ignore"):
        scaled = np.rint(numbers.astype(np.float32) / scale)
    if np.isnan(scaled).any():
        raise UserError(f"its input {site.node.inputs[0]!r} has elements that are no numbers")
    codes = np.clip(scaled, -(2.0**40), 2.0**40).astype(np.int64) + zero_point
    return Constant(np.clip(codes, kind.minimum, kind.maximum), kind)


def _output_type(site: Site) -> IntegerType:
    """Return the type of codes where no zero point says it."""
    number = site.integer("output_dtype", 0) or TensorProto.UINT8
    if number not in INTEGER_TYPES:
        raise UserError(f"its output_dtype is {number}; allowed: integers")
    return INTEGER_TYPES[number]


def _no_blocks(site: Site) -> None:
    if site.integer("block_size", 0) != 0:
        raise UserError("it has scales for blocks; allowed: one, or one per channel")


def _along(values: NDArray[Any], shape: tuple[int, ...], axis: int, what: str) -> NDArray[Any]:
    """Return values per channel, shaped to broadcast against a constant of a shape."""
    rank = len(shape)
    if values.size == 1:
        return values.reshape((1,) * rank)
    if not -rank <= axis < rank or values.shape != (shape[axis % rank],):
        raise UserError(
            f"it has {what} of shape {values.shape} along axis {axis} of {shape}; allowed: one, or "
            "one for each index of the axis"
        )
    return values.reshape([shape[i] if i == axis % rank else 1 for i in range(rank)])
