"""QuantizeLinear and DequantizeLinear; QONNX's Quant, BipolarQuant and Trunc."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic
from golden.frontends.onnx.builder import Site
from golden.frontends.onnx.model import INTEGER_TYPES, Constant
from golden.frontends.onnx.operators.registry import MICROSOFT, QONNX, STANDARD, converts
from golden.frontends.onnx.quantize import quantize
from golden.frontends.onnx.quantizer import Mode, Quantizer, finite_fraction
from golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    FloatInput,
    Later,
    QuantizedConstant,
    Real,
    Sum,
    Value,
)
from golden.graph import Encoding
from golden.numbers.arrays import Float32
from golden.numbers.integer_type import IntegerType

NUMBERS = (Real, Accumulated, Sum, Later, FloatInput)
"""The kinds of value that a quantizer takes."""

UINT8 = IntegerType(8, False)
_UINT1 = IntegerType(1, False)


def one_scale(site: Site, position: int) -> float:
    """Return a constant input that is the scale of a whole tensor."""
    values = scales(site, position)
    if values.size != 1:
        raise UserError(
            f"its activations have {values.size} scales; allowed: one for the tensor; only weights "
            "may have one per channel"
        )
    return float(values.reshape(()))


def scales(site: Site, position: int, weights: bool = False) -> Float32:
    """Return a constant input of scales.

    Positive ones of a usual size; those of weights may be negative, and as small as those of
    channels that have died in training.
    """
    values, name = site.numbers(position).astype(np.float32), site.node.inputs[position]
    if not values.size:
        raise UserError(f"its scale {name!r} is empty")
    magnitude = np.abs(values) if weights else values
    lowest, least = (np.finfo(np.float32).tiny, "2**-126") if weights else (2.0**-40, "2**-40")
    with np.errstate(invalid="ignore"):
        wrong = np.argwhere(~((magnitude >= lowest) & (magnitude <= 2.0**40)))
    if len(wrong):
        place = tuple(int(index) for index in wrong[0])
        which = f" of channel {max(place)}" if values.size > 1 else ""
        what = "numbers of magnitude" if weights else "positive numbers from"
        raise UserError(
            f"its scale {name!r}{which} is {values[place]:g}; allowed: {what} {least} to 2**40"
        )
    return values


def one_zero_point(site: Site, position: int, default: IntegerType) -> tuple[int, IntegerType]:
    """Return a constant input that is a zero point, and its type."""
    if not site.has(position):
        return 0, default
    constant = site.take(position, Constant)
    if constant.type is None or constant.values.size != 1:
        raise UserError(
            f"its zero point {site.node.inputs[position]!r} has type or size "
            f"{constant.values.shape}; allowed: one integer"
        )
    return int(constant.values.reshape(())), constant.type


def quantizer_of(site: Site, scale: int, zero_point: int, default: IntegerType) -> Quantizer:
    """Return the quantizer whose scale and zero point are inputs of an operator."""
    code, kind = one_zero_point(site, zero_point, default)
    if kind.width > 16:
        raise UserError(f"it makes {kind}; allowed: up to 16 bits")
    return Quantizer.of_type(kind, one_scale(site, scale), code)


def dequantized(activation: Activation, scale: float, zero_point: int, site: Site) -> Real:
    """Return the numbers that codes stand for, and keep that meaning."""
    kind = activation.type
    quantizer = Quantizer.of_type(kind, scale, zero_point)
    site.builder.meaning(activation, quantizer.quantization)
    return Real(activation, quantizer.scale, quantizer.encoding)


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
    site.set(Codes(made))


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


# QONNX


def _whole(site: Site, position: int) -> int:
    """Return a constant input that is one whole number, as a real number or an integer."""
    values = site.numbers(position)
    if values.size != 1 or float(values.reshape(())) != np.rint(values.reshape(())):
        raise UserError(f"its input {site.node.inputs[position]!r} is no single whole number")
    if abs(float(values.reshape(()))) > 1 << 31:
        raise UserError(f"its input {site.node.inputs[position]!r} exceeds 32 bits")
    return int(values.reshape(()))


@converts(
    "Quant",
    "IntQuant",
    domains=(QONNX,),
    attributes=("narrow", "rounding_mode", "signed"),
    inputs=4,
)
def _quant(site: Site, arithmetic: OnnxArithmetic) -> None:
    """QONNX Quant: ``(round(clip(x / scale + zero_point)) - zero_point) * scale``."""
    width = _whole(site, 3)
    # Biases are constants, and wider than activations.
    widest = 32 if isinstance(site.input(0), Constant | QuantizedConstant) else 16
    if not 1 <= width <= widest:
        raise UserError(f"its bit width is {width}; allowed: 1 to {widest}")
    signed, narrow = bool(site.integer("signed", 1)), bool(site.integer("narrow", 0))
    kind = IntegerType(width, signed)
    if width == 1 and signed:
        # Which qonnx executes as -1 and +1.
        if _whole(site, 2) != 0:
            raise UserError("it has 1 bit and a zero point; allowed: zero point 0")
        _bipolar_quant(site, arithmetic)
        return
    minimum = kind.minimum + (narrow and signed)
    maximum = kind.maximum - (narrow and not signed)
    mode = Mode.parse(site.text("rounding_mode", "ROUND"))
    zero_point = _whole(site, 2)
    value = site.take(0, *NUMBERS, Constant, QuantizedConstant)
    if isinstance(value, Constant | QuantizedConstant):
        numbers = _real_numbers(site)
        scale = _broadcastable(scales(site, 1, weights=True), numbers.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.clip(numbers / scale + np.float32(zero_point), minimum, maximum)
        if np.isnan(scaled).any():
            raise UserError(f"its input {site.node.inputs[0]!r} has elements that are no numbers")
        codes = mode.round_float(scaled.astype(np.float64)).astype(np.int64)
        zero_points = np.full((1,) * numbers.ndim, zero_point, dtype=np.int64)
        site.set(QuantizedConstant(codes, kind, scale, zero_points))
        return
    quantizer = Quantizer(
        kind,
        finite_fraction(one_scale(site, 1)),
        zero_point,
        minimum,
        maximum,
        mode,
        zero_point_first=True,
    )
    _set_quantized(site, arithmetic, value, quantizer)


@converts("BipolarQuant", domains=(QONNX,), inputs=2)
def _bipolar_quant(site: Site, arithmetic: OnnxArithmetic) -> None:
    """QONNX BipolarQuant: ``scale`` for numbers from zero upwards, ``-scale`` for the others."""
    value = site.take(0, *NUMBERS, Constant, QuantizedConstant)
    if isinstance(value, Constant | QuantizedConstant):
        numbers = _real_numbers(site)
        scale = _broadcastable(scales(site, 1, weights=True), numbers.shape)
        codes = (numbers >= 0).astype(np.int64)
        none = np.zeros((1,) * codes.ndim, dtype=np.int64)
        site.set(QuantizedConstant(codes, _UINT1, scale, none, bipolar=True))
        return
    scale_fraction = finite_fraction(one_scale(site, 1))
    quantizer = Quantizer(_UINT1, scale_fraction, maximum=1, bipolar=True)
    _set_quantized(site, arithmetic, value, quantizer)


def _real_numbers(site: Site) -> Float32:
    """Return the elements of the first input, a constant of real numbers."""
    value = site.input(0)
    if isinstance(value, Constant) and value.type is not None:
        raise UserError(f"its input {site.node.inputs[0]!r} is a constant of integers")
    return site.numbers(0).astype(np.float32)


def _set_quantized(
    site: Site,
    arithmetic: OnnxArithmetic,
    value: Value,
    quantizer: Quantizer,
) -> None:
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Real(made, quantizer.scale, quantizer.encoding))


def _broadcastable(values: Float32, shape: tuple[int, ...]) -> Float32:
    padded = values.reshape((1,) * (len(shape) - values.ndim) + values.shape)
    if padded.ndim != len(shape) or any(
        size not in (1, whole) for size, whole in zip(padded.shape, shape, strict=True)
    ):
        raise UserError(f"its scale has shape {values.shape}, which does not broadcast to {shape}")
    return padded


@converts("Trunc", domains=(QONNX,), attributes=("narrow", "rounding_mode", "signed"), inputs=6)
def _trunc(site: Site, arithmetic: OnnxArithmetic) -> None:
    """QONNX Trunc: codes on the input's scale lose their lowest bits.

    Version 1 takes scale, zero point, bit width in and out; version 2 a scale of the output, too.
    """
    value = site.take(0, Real, Accumulated)
    zero_point = _whole(site, 2)
    if zero_point != 0:
        raise UserError(f"its zero point is {zero_point}; allowed: 0")
    scale = finite_fraction(one_scale(site, 1))
    if isinstance(value, Accumulated) and any(
        (number / scale).denominator != 1 for number in (*value.scale, *value.offset)
    ):
        raise UserError("its input is no whole multiple of its scale; quantize it first")
    mode = Mode.parse(site.text("rounding_mode", "FLOOR"))
    second = site.has(5)
    if second:
        output_scale = finite_fraction(one_scale(site, 4))
        shift = int(np.rint(np.log2(float(output_scale / scale))))
        width, signed = _whole(site, 5), bool(site.integer("signed", 1))
        narrow = bool(site.integer("narrow", 0))
    else:
        shift = _whole(site, 3) - _whole(site, 4)
        output_scale, width, narrow = scale * Fraction(2) ** shift, _whole(site, 4), False
        signed = isinstance(value, Accumulated) or value.activation.type.signed
    if not 0 <= shift <= 32 or not 1 <= width <= 16:
        raise UserError(f"it drops {shift} bits and keeps {width}; allowed: 0 to 32, 1 to 16")
    kind = IntegerType(width, signed)
    if not second:
        # Version 1 returns to the scale of its input, and does not clamp.
        output_scale = scale
    quantizer = Quantizer(
        kind,
        scale * Fraction(2) ** shift,
        0,
        kind.minimum + (narrow and signed),
        kind.maximum - (narrow and not signed),
        mode,
    )
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Real(made, output_scale, Encoding()))
