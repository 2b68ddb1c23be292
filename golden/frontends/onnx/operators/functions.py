"""Functions of single numbers: activations."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.frontends.onnx.arithmetic import OnnxArithmetic
from golden.frontends.onnx.builder import Site
from golden.frontends.onnx.operators.elementwise import coded_operand
from golden.frontends.onnx.operators.quantization import (
    NUMBERS,
    UINT8,
    quantizer_of,
)
from golden.frontends.onnx.operators.registry import MICROSOFT, converts
from golden.frontends.onnx.quantize import quantize
from golden.frontends.onnx.quantizer import finite_fraction
from golden.frontends.onnx.values import (
    Accumulated,
    Codes,
    Later,
    Limits,
    Real,
    Sum,
    Value,
)

Numbers = NDArray[Any]


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


@converts("Clip", attributes=("max", "min"))
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
        numbers = site.numbers(position)
        if numbers.size != 1:
            raise UserError(f"its {name} has {numbers.size} elements; allowed: 1")
        value = float(numbers.reshape(()))
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


@converts("Sigmoid", "Tanh", "HardSwish", "Abs", "Neg")
@converts("LeakyRelu", "Elu", attributes=("alpha",))
@converts("HardSigmoid", attributes=("alpha", "beta"))
def _function(site: Site, arithmetic: OnnxArithmetic) -> None:
    function = _FUNCTIONS[site.node.operator](site)
    site.set(_apply(site.take(0, *NUMBERS), function, None))


@converts("QLinearSigmoid", domains=(MICROSOFT,), inputs=5)
@converts("QLinearLeakyRelu", domains=(MICROSOFT,), attributes=("alpha",), inputs=5)
def _qlinear_function(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Take inputs x, x_scale, x_zero_point, y_scale, y_zero_point."""
    value = coded_operand(site, 0)
    if not isinstance(value, Real):
        raise UserError("its input is a constant")
    function = _sigmoid if site.node.operator == "QLinearSigmoid" else _leaky_relu(site)
    quantizer = quantizer_of(site, 3, 4, UINT8)
    made = quantize(value.then(function), quantizer, site.output, site.builder, arithmetic)
    site.set(Codes(made))


@converts("Softmax", "LogSoftmax", attributes=("axis",))
@converts("QLinearSoftmax", domains=(MICROSOFT,), attributes=("axis", "opset"), inputs=5)
def _softmax(site: Site, arithmetic: OnnxArithmetic) -> None:
    raise UserError(
        "it divides real numbers, which no integers reproduce; end the model before it: the order "
        "of the classes stays the same"
    )
