"""Sums, products, batch normalization, activation functions."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.graph import FullyConnected, Multiply
from golden.onnx_import.arithmetic import OnnxArithmetic, scale_of
from golden.onnx_import.builder import Site
from golden.onnx_import.layout import Layout
from golden.onnx_import.model import Constant
from golden.onnx_import.operands import Pair, align
from golden.onnx_import.operators.quantization import (
    NUMBERS,
    UINT8,
    dequantized,
    one_scale,
    one_zero_point,
    quantizer_of,
)
from golden.onnx_import.operators.registry import converts
from golden.onnx_import.quantize import accumulated_codes, quantize
from golden.onnx_import.quantizer import finite_fraction
from golden.onnx_import.values import (
    Accumulated,
    Codes,
    FloatInput,
    Fractions,
    Kernel,
    Later,
    Limits,
    QuantizedConstant,
    Real,
    Sum,
    Value,
    fractions,
    one_fraction,
)

Numbers = NDArray[Any]

_OPERANDS = (Real, QuantizedConstant)

# Sums and products


@converts("Add", "Sub")
def _addition(site: Site, arithmetic: OnnxArithmetic) -> None:
    subtract = site.node.operator == "Sub"
    constant = _constant_operand(site)
    if constant is not None:
        position, numbers = constant
        if subtract and position == 0:
            raise UserError("it subtracts from a constant; allowed: subtracting a constant")
        _set_affine(
            site, arithmetic, site.input(1 - position), None, -numbers if subtract else numbers
        )
        return
    pair = _aligned(site)
    site.set(Sum(pair.operands, pair.layout, subtract))


@converts("Mul", "Div")
def _multiplication(site: Site, arithmetic: OnnxArithmetic) -> None:
    divide = site.node.operator == "Div"
    constant = _constant_operand(site)
    if constant is not None:
        position, numbers = constant
        if divide and (position == 0 or not numbers.all()):
            raise UserError("it divides by what is no constant, or by 0; allowed: constants")
        _set_affine(site, arithmetic, site.input(1 - position), numbers, None, divide)
        return
    if divide:
        raise UserError("it divides by what is no constant; allowed: constants")
    _set_product(site, _aligned(site), explicit=False)


def _set_product(site: Site, pair: Pair, explicit: bool) -> Accumulated:
    first, second = pair.operands
    node = Multiply(
        inputs=(first.name, second.name),
        output="product",
        encodings=(first.encoding, second.encoding),
    )
    kernel = Kernel(
        "multiplication",
        (scale_of(first).reshape(1), scale_of(second).reshape(1)),
        (first.type, second.type),
        explicit=explicit,
    )
    scale = one_fraction(first.scale * second.scale)
    value = Accumulated(node, pair.layout, scale, fractions([0.0]), kernel)
    site.set(value)
    return value


def _aligned(site: Site) -> Pair:
    first, second = site.take(0, *_OPERANDS), site.take(1, *_OPERANDS)
    return align(first, second, site.builder, site.output)


def _constant_operand(site: Site) -> tuple[int, Numbers] | None:
    """Return the place and the numbers of an operand that is a constant of real numbers."""
    for position in (0, 1):
        value, other = site.input(position), site.input(1 - position)
        if isinstance(value, Constant) and value.type is None:
            return position, _finite(site, position, value.values)
        if isinstance(value, QuantizedConstant) and isinstance(
            other, Accumulated | QuantizedConstant
        ):
            return position, _finite(site, position, value.real)
    return None


def _finite(site: Site, position: int, values: Numbers) -> Numbers:
    if not np.isfinite(values).all():
        raise UserError(f"its input {site.node.inputs[position]!r} has elements that are infinite")
    return values


@converts("QLinearAdd", "QLinearMul")
def _qlinear_binary(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point."""
    pair = align(coded_operand(site, 0), coded_operand(site, 3), site.builder, site.output)
    value: Value
    if site.node.operator == "QLinearAdd":
        value = Sum(pair.operands, pair.layout, subtract=False)
    else:
        value = _set_product(site, pair, explicit=True)
    made = quantize(value, quantizer_of(site, 6, 7, UINT8), site.output, site.builder, arithmetic)
    site.set(Codes(made))


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


# Affine functions with constants, per channel


@converts("BatchNormalization")
def _batch_normalization(site: Site, arithmetic: OnnxArithmetic) -> None:
    scale, bias, mean, variance = (
        _finite(site, i, site.take(i, Constant).values).astype(np.float64) for i in range(1, 5)
    )
    if len({values.shape for values in (scale, bias, mean, variance)}) != 1 or scale.ndim != 1:
        raise UserError("its constants have several shapes; allowed: one number per channel")
    variance = variance + site.number("epsilon", 1e-5)
    if not (np.isfinite(variance) & (variance > 0)).all():
        raise UserError("its variance is negative; allowed: positive")
    deviation = np.sqrt(variance)
    factor = scale / deviation
    value = site.input(0)
    rank = len(_layout(value).shape)
    along = (-1, *(1,) * (rank - 1))
    _set_affine(
        site, arithmetic, value, factor.reshape(along), (bias - mean * factor).reshape(along)
    )


def _layout(value: Value) -> Layout:
    if isinstance(value, Real):
        return value.activation.layout
    if isinstance(value, Accumulated | Sum):
        return value.layout
    raise UserError("a real constant changes what is no convolution, product or quantized tensor")


def _set_affine(
    site: Site,
    arithmetic: OnnxArithmetic,
    value: Value,
    factor: Numbers | None,
    addend: Numbers | None,
    divide: bool = False,
) -> None:
    """Scale (multiply, or divide) or shift real numbers by constants."""
    if isinstance(value, FloatInput):
        raise UserError(
            f"it changes the input {value.info.name!r} before it is quantized; quantize the input "
            "first, or leave the operator out and scale the data yourself"
        )
    if isinstance(value, Real) and arithmetic.name != "onnx":
        site.set(value.then(_scalar_function(factor, addend, divide)))
        return
    if isinstance(value, Real) and not value.functions:
        value = accumulated_codes(value, site.builder)
    if not isinstance(value, Accumulated):
        raise UserError(
            "a real constant changes what is no convolution, product or quantized tensor; put "
            "QuantizeLinear or Quant between"
        )
    factors = None if factor is None else _per_channel(factor, value.layout)
    if factors is not None and divide:
        factors = 1 / factors
    addends = None if addend is None else _per_channel(addend, value.layout)
    if not arithmetic.takes_affine(value) or (factors is not None and arithmetic.name != "onnx"):
        raise UserError(
            "ONNX Runtime computes it in float32 between integer operators; import with profile "
            "onnx, which rounds the exact number"
        )
    if value.limits != Limits():
        _limited_affine(site, value, factors, addends)
        return
    scale, offset = value.scale, value.offset
    if factors is not None:
        scale, offset = scale * factors, offset * factors
    node = value.node
    if addends is not None and value.kernel is not None and isinstance(node, FullyConnected):
        units, addends = arithmetic.bias(value.kernel, addends.astype(np.float64))
        node = replace(node, bias=node.bias + units)
    if addends is not None:
        offset = offset + addends
    kernel = value.kernel if factors is None else None
    site.set(Accumulated(node, value.layout, scale, offset, kernel))


def _limited_affine(
    site: Site, value: Accumulated, factors: Fractions | None, addends: Fractions | None
) -> None:
    """Scale numbers that are limited already by one positive factor: the limits scale too."""
    if addends is not None or factors is None or factors.size != 1 or factors[0] <= 0:
        raise UserError(
            "a real constant changes numbers behind an activation function; allowed: one positive "
            "factor"
        )
    limits = Limits(
        *(
            None if limit is None else limit * factors[0]
            for limit in (value.limits.low, value.limits.high)
        )
    )
    site.set(
        replace(
            value,
            scale=value.scale * factors,
            offset=value.offset * factors,
            limits=limits,
            kernel=None,
        )
    )


def _scalar_function(
    factor: Numbers | None, addend: Numbers | None, divide: bool
) -> Callable[[Numbers], Numbers]:
    for values in (factor, addend):
        if values is not None and values.size != 1:
            raise UserError(
                "ONNX Runtime computes it in float32 for each channel; import with profile onnx"
            )
    if factor is not None:
        multiplier = np.float32(factor.reshape(()))
        if divide:
            return lambda real: real / multiplier.astype(real.dtype)
        return lambda real: real * multiplier.astype(real.dtype)
    assert addend is not None
    shift = np.float32(addend.reshape(()))
    return lambda real: real + shift.astype(real.dtype)


def _per_channel(values: Numbers, layout: Layout) -> Fractions:
    """Return a constant operand as one number per channel of the graph.

    Raises
    ------
    UserError
        If it varies along other dimensions.
    """
    shape = values.shape
    rank = len(layout.shape)
    if len(shape) == rank + 1 and shape[0] == 1:
        shape = shape[1:]
    if values.size == 1:
        return fractions(values)
    padded = (1,) * (rank - len(shape)) + shape
    last = len(layout.sizes) - 1
    axes = [axis for axis in range(rank) if last in layout.dimensions[axis]]
    if len(padded) == rank and axes:
        (axis,) = axes
        whole = layout.dimensions[axis] == (last,) and padded[axis] == layout.shape[axis]
        if whole and values.size == padded[axis]:
            return fractions(values)
    raise UserError(
        f"a constant has shape {values.shape}; allowed: one number, or one for each channel of "
        f"{layout.shape}"
    )


# Functions of single numbers


def _apply(value: Value, function: Callable[[Numbers], Numbers], limits: Limits | None) -> Value:
    """Return numbers after a function; only limits pass what no codes stand for yet."""
    if isinstance(value, Real):
        return value.then(function)
    if limits is None:
        raise UserError("its input is no quantized tensor; put QuantizeLinear or Quant before it")
    if isinstance(value, Accumulated | Sum):
        return replace(value, limits=value.limits.within(limits.low, limits.high))
    if isinstance(value, Later) and not value.adds:
        return replace(value, parts=tuple(_apply(part, function, limits) for part in value.parts))
    raise UserError("its input is a constant, an input or a border that is not quantized")


@converts("Relu")
def _relu(site: Site, arithmetic: OnnxArithmetic) -> None:
    limits = Limits(Fraction(0), None)
    site.set(_apply(site.take(0, *NUMBERS), lambda real: np.maximum(real, 0), limits))


@converts("Clip")
def _clip(site: Site, arithmetic: OnnxArithmetic) -> None:
    low, high = (_limit(site, i, name) for i, name in ((1, "min"), (2, "max")))
    if low is not None and high is not None and low > high:
        raise UserError(f"its minimum {low} is above its maximum {high}")
    limits = Limits(*(None if v is None else finite_fraction(v) for v in (low, high)))
    bounds = (-np.inf if low is None else low, np.inf if high is None else high)

    def clip(real: Numbers) -> Numbers:
        return np.clip(real, *(np.asarray(bound, dtype=real.dtype) for bound in bounds))

    site.set(_apply(site.take(0, *NUMBERS), clip, limits))


def _limit(site: Site, position: int, name: str) -> float | None:
    if name in site.node.attributes:
        value: float | None = site.number(name, 0.0)
    elif site.has(position):
        constant = site.take(position, Constant)
        if constant.values.size != 1:
            raise UserError(f"its {name} has {constant.values.size} elements; allowed: 1")
        value = float(constant.values.reshape(()))
    else:
        return None
    if value is not None and abs(value) > 3e38:
        return None  # Exporters write the largest float32 for no limit.
    return value


def _sigmoid(real: Numbers) -> Numbers:
    with np.errstate(over="ignore"):
        # Through float64: numpy's float32 functions are further off than a C library's.
        return (1 / (1 + np.exp(-real.astype(np.float64)))).astype(real.dtype)


def _through_float64(function: Callable[[Numbers], Numbers]) -> Callable[[Numbers], Numbers]:
    return lambda real: function(real.astype(np.float64)).astype(real.dtype)


def _leaky_relu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha = np.float32(site.number("alpha", 0.01))
    return lambda real: np.where(real >= 0, real, alpha.astype(real.dtype) * real)


def _hard_sigmoid(site: Site) -> Callable[[Numbers], Numbers]:
    slope, shift = (np.float32(site.number(n, d)) for n, d in (("alpha", 0.2), ("beta", 0.5)))
    return lambda real: np.clip(slope.astype(real.dtype) * real + shift.astype(real.dtype), 0, 1)


def _hard_swish(real: Numbers) -> Numbers:
    sixth = np.float32(1 / 6).astype(real.dtype)
    return real * np.clip(sixth * real + np.asarray(0.5, real.dtype), 0, 1)


def _elu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha = site.number("alpha", 1.0)
    return _through_float64(lambda real: np.where(real < 0, alpha * np.expm1(real), real))


_FUNCTIONS: dict[str, Callable[[Site], Callable[[Numbers], Numbers]]] = {
    "Sigmoid": lambda site: _sigmoid,
    "Tanh": lambda site: _through_float64(np.tanh),
    "LeakyRelu": _leaky_relu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda site: _hard_swish,
    "Elu": _elu,
    "Abs": lambda site: np.abs,
    "Neg": lambda site: np.negative,
}


@converts(*_FUNCTIONS)
def _function(site: Site, arithmetic: OnnxArithmetic) -> None:
    function = _FUNCTIONS[site.node.operator](site)
    site.set(_apply(site.take(0, *NUMBERS), function, None))


@converts("QLinearSigmoid", "QLinearLeakyRelu")
def _qlinear_function(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs x, x_scale, x_zero_point, y_scale, y_zero_point."""
    value = coded_operand(site, 0)
    if not isinstance(value, Real):
        raise UserError("its input is a constant")
    function = _sigmoid if site.node.operator == "QLinearSigmoid" else _leaky_relu(site)
    quantizer = quantizer_of(site, 3, 4, UINT8)
    made = quantize(value.then(function), quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made))


@converts("Softmax", "LogSoftmax", "QLinearSoftmax")
def _softmax(site: Site, arithmetic: OnnxArithmetic) -> None:
    raise UserError(
        "it divides real numbers, which no integers reproduce; end the model before it: the order "
        "of the classes stays the same"
    )
