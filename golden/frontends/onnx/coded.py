"""Inputs that are codes, and the scales and zero points beside them."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import Activation, Codes, QuantizedConstant, Real
from bittrue.golden.numbers.arrays import Float32
from bittrue.golden.numbers.integer_type import IntegerType

UINT8 = IntegerType(8, False)


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
    return Real(activation, quantizer.quantization)


def coded_operand(site: Site, position: int) -> Real | QuantizedConstant:
    """Return an input of codes that is followed by its scale and zero point."""
    value = site.take(position, Codes, Constant)
    scale = one_scale(site, position + 1)
    if isinstance(value, Codes):
        zero_point, _ = one_zero_point(site, position + 2, value.activation.type)
        return dequantized(value.activation, scale, zero_point, site)
    if value.type is None:
        raise UserError(f"its input {site.node.inputs[position]!r} holds real numbers")
    zero_point, _ = one_zero_point(site, position + 2, value.type)
    ones = (1,) * value.values.ndim
    return QuantizedConstant(
        value.values,
        value.type,
        np.full(ones, scale, dtype=np.float32),
        np.full(ones, zero_point, dtype=np.int64),
    )


def plain(site: Site, position: int) -> Real:
    """Return an input that is dequantized codes and nothing more."""
    value = site.take(position, Real)
    if value.functions:
        raise UserError(
            f"its input {site.node.inputs[position]!r} has passed an activation function since it "
            "was quantized; put QuantizeLinear or Quant between"
        )
    return value
