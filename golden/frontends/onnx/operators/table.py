"""Functions of single numbers: activations."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import per_channel
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import UINT8, coded_operand, quantizer_of
from bittrue.golden.frontends.onnx.functions import applied
from bittrue.golden.frontends.onnx.leaky import leaky, leaky_codes
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.registry import MICROSOFT, converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Accumulated, Codes, Real, fractions

Numbers = NDArray[Any]


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


def _gelu(site: Site) -> Callable[[Numbers], Numbers]:
    form = site.text("approximate", "none")
    if form not in ("none", "tanh"):
        raise UserError(f"its approximate is {form!r}; allowed: none, tanh")
    if form == "none":
        return _through_float64(lambda real: real / 2 * (1 + _erf(real * math.sqrt(0.5))))
    root = math.sqrt(2 / math.pi)
    return _through_float64(
        lambda real: real / 2 * (1 + np.tanh(root * (real + 0.044715 * real**3)))
    )


def _erf(real: Numbers) -> Numbers:
    return np.vectorize(math.erf, otypes=[np.float64])(real)


def _softplus(real: Numbers) -> Numbers:
    return np.maximum(real, 0) + np.log1p(np.exp(-np.abs(real)))


def _selu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha, gamma = (
        site.number("alpha", 1.67326319217681884765625),
        site.number("gamma", 1.05070102214813232421875),
    )
    return _through_float64(
        lambda real: gamma * np.where(real < 0, alpha * np.expm1(np.minimum(real, 0)), real)
    )


def _celu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha = site.number("alpha", 1.0)
    if alpha <= 0:
        raise UserError(f"its alpha is {alpha}; allowed: positive")
    return _through_float64(
        lambda real: np.where(real < 0, alpha * np.expm1(np.minimum(real, 0) / alpha), real)
    )


def _thresholded_relu(site: Site) -> Callable[[Numbers], Numbers]:
    alpha = np.float32(site.number("alpha", 1.0))
    return lambda real: np.where(real > alpha.astype(real.dtype), real, 0).astype(real.dtype)


_FUNCTIONS: dict[str, Callable[[Site], Callable[[Numbers], Numbers]]] = {
    "Sigmoid": lambda site: _sigmoid,
    "Tanh": lambda site: _through_float64(np.tanh),
    "LeakyRelu": _leaky_relu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda site: _hard_swish,
    "Elu": _elu,
    "Abs": lambda site: np.abs,
    "Neg": lambda site: np.negative,
    "Erf": lambda site: _through_float64(_erf),
    "Gelu": _gelu,
    "Softplus": lambda site: _through_float64(_softplus),
    "Softsign": lambda site: lambda real: real / (1 + np.abs(real)),
    "Mish": lambda site: _through_float64(lambda real: real * np.tanh(_softplus(real))),
    "Exp": lambda site: _through_float64(np.exp),
    "Selu": _selu,
    "Celu": _celu,
    "ThresholdedRelu": _thresholded_relu,
    "Floor": lambda site: np.floor,
    "Ceil": lambda site: np.ceil,
    "Round": lambda site: np.rint,
}


@converts("Sigmoid", "Tanh", "HardSwish", "Abs", "Neg", "Erf", "Softplus", "Softsign", "Mish")
@converts("Exp", "Floor", "Ceil", "Round")
@converts("LeakyRelu", "Elu", "Celu", "ThresholdedRelu", attributes=("alpha",))
@converts("Selu", attributes=("alpha", "gamma"))
@converts("Gelu", attributes=("approximate",))
@converts("Gelu", domains=(MICROSOFT,), inputs=1)
@converts("HardSigmoid", attributes=("alpha", "beta"))
def _function(site: Site, arithmetic: OnnxArithmetic) -> None:
    function = _FUNCTIONS[site.node.operator](site)
    value = site.take(0, *NUMBERS)
    if isinstance(value, Accumulated) and site.node.operator == "LeakyRelu":
        slope = np.float32(site.number("alpha", 0.01))
        site.set(leaky(site, arithmetic, value, fractions([slope])))
        return
    site.set(applied(value, function, None))


@converts("PRelu")
def _p_relu(site: Site, arithmetic: OnnxArithmetic) -> None:
    """Convert one with one slope, or one for each channel."""
    value = site.take(0, *NUMBERS)
    if isinstance(value, Accumulated):
        slopes = per_channel(site.numbers(1), value.layout)
        if all(slope > 0 for slope in slopes) or site.builder.insert is None:
            site.set(leaky(site, arithmetic, value, slopes))
            return
        value = site.inserted(value)
    slopes = np.unique(site.numbers(1))
    if slopes.size != 1:
        if not isinstance(value, Real):
            raise UserError(f"it has {slopes.size} slopes, and no quantizer before it; put one")
        each = per_channel(site.numbers(1), value.activation.layout)
        site.set(leaky_codes(site, value, each))
        return
    (slope,) = slopes.astype(np.float32)

    def p_relu(real: Numbers) -> Numbers:
        return np.where(real < 0, slope.astype(real.dtype) * real, real)

    site.set(applied(value, p_relu, None))


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
