"""QONNX's Quant, BipolarQuant and Trunc."""

from fractions import Fraction

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import one_scale, scales
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.quantizer import Mode, Quantizer, finite_fraction, quant_type
from bittrue.golden.frontends.onnx.registry import QONNX, converts
from bittrue.golden.frontends.onnx.values import (
    NUMBERS,
    Accumulated,
    QuantizedConstant,
    Real,
    Value,
)
from bittrue.golden.numbers.arrays import Float32
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import UINT1, Quantization


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
    meaning = quant_type(kind, one_scale(site, 1), zero_point)
    quantizer = Quantizer(meaning, minimum, maximum, mode, zero_point_first=True)
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
        site.set(QuantizedConstant(codes, UINT1, scale, none, bipolar=True))
        return
    quantizer = Quantizer.of_type(UINT1, one_scale(site, 1), bipolar=True)
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
    site.set(Real(made, quantizer.quantization))


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
        quant_type(kind, scale * Fraction(2) ** shift),
        kind.minimum + (narrow and signed),
        kind.maximum - (narrow and not signed),
        mode,
    )
    made = quantize(value, quantizer, site.output, site.builder, arithmetic)
    site.set(Real(made, Quantization(output_scale)))
